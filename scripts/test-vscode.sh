#!/usr/bin/env bash
# Tests the VS Code extension: its sources, then the built package in a real VS Code (code-server) with real keys
# (Debian's chromium); then a real JupyterLab in the same browser. What that needs is fetched once, about half a gigabyte
# (1.9 GB on disk); where it cannot be had, the script says so and leaves that part out. Pictures of what was on the screen:
# .cache/vscode-screens.
set -euo pipefail
cd "$(dirname "$0")/.."
export GLOSSWRIGHT_EDITORS=${GLOSSWRIGHT_EDITORS:-${XDG_CACHE_HOME:-$HOME/.cache}/glosswright-editors}
CODE_SERVER=4.139.1
PLAYWRIGHT=1.65.2
JUPYTERLAB=4.6.6
JUPYTERLAB_LSP=5.3.0
PY=${VENV:-.venv}/bin/python

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
leave_out() { say "The tests in a browser are left out: $*"; exit 0; }

NODE=$(scripts/node.sh 24) || leave_out "node, which code-server runs on, could not be installed through pip"
scripts/vsix.sh install || leave_out "what the extension is built with could not be installed through npm"
scripts/vsix.sh check
scripts/vsix.sh

export PATH=$NODE:$PATH npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
mkdir -p "$GLOSSWRIGHT_EDITORS"
# Each of the two begins to count only when it is whole.
install_code_server() {
  # No script is run, so nothing is compiled; what the web editor lacks without is not used here.
  local flags=(--ignore-scripts --omit=dev --no-progress --loglevel=error) to="$GLOSSWRIGHT_EDITORS/code-server-$CODE_SERVER"
  rm -rf "$to.new"
  npm install "${flags[@]}" --prefix "$to.new" "code-server@$CODE_SERVER"
  (cd "$to.new/node_modules/code-server/lib/vscode" && npm install "${flags[@]}" && cd extensions && npm install "${flags[@]}")
  mv "$to.new" "$to"
}
if [ ! -e "$GLOSSWRIGHT_EDITORS/code-server-$CODE_SERVER" ]; then
  say "Installing code-server $CODE_SERVER (200 MB to download, 620 MB on disk; about a minute)"
  install_code_server >/dev/null || leave_out "code-server could not be installed through npm"
fi
if [ ! -e "$GLOSSWRIGHT_EDITORS/playwright-$PLAYWRIGHT" ]; then
  say "Installing playwright $PLAYWRIGHT (53 MB to download, 170 MB on disk)"
  rm -rf "$GLOSSWRIGHT_EDITORS/playwright.new"
  "$PY" -m pip install -q --target "$GLOSSWRIGHT_EDITORS/playwright.new" "playwright==$PLAYWRIGHT" \
    || leave_out "playwright could not be installed through pip"
  mv "$GLOSSWRIGHT_EDITORS/playwright.new" "$GLOSSWRIGHT_EDITORS/playwright-$PLAYWRIGHT"
fi
if ! command -v chromium >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing chromium through apt-get (124 MB to download, 410 MB on disk)"
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 || true
  fi
  command -v chromium >/dev/null || leave_out "there is no chromium (on Debian: sudo apt-get install chromium)"
fi

LAB=$GLOSSWRIGHT_EDITORS/jupyterlab-$JUPYTERLAB
if [ ! -e "$LAB/whole" ]; then
  say "Installing JupyterLab $JUPYTERLAB (60 MB to download, 260 MB on disk)"
  rm -rf "$LAB"
  # Programs in a virtual environment know where they are, so it cannot be moved into place.
  { "$PY" -m venv "$LAB" \
    && "$LAB/bin/python" -m pip install -q "jupyterlab==$JUPYTERLAB" "jupyterlab-lsp==$JUPYTERLAB_LSP" ipykernel \
    && touch "$LAB/whole"; } || say "JupyterLab could not be installed through pip: its tests skip"
fi

say "Driving VS Code and JupyterLab"
export GLOSSWRIGHT_TEST_CODE_SERVER=$GLOSSWRIGHT_EDITORS/code-server-$CODE_SERVER/node_modules/code-server
[ ! -e "$LAB/whole" ] || export GLOSSWRIGHT_TEST_JUPYTERLAB=$LAB
export PYTHONPATH=$GLOSSWRIGHT_EDITORS/playwright-$PLAYWRIGHT${PYTHONPATH:+:$PYTHONPATH}
WHAT=(tests/editors/vscode tests/editors/jupyterlab)
"$PY" -m pytest -q "${WHAT[@]}" "$@" && exit 0
# On a busy machine a whole editor in a browser may be late once; what fails twice is a fault.
say "Driving them once more, for what failed"
exec "$PY" -m pytest -q --last-failed --last-failed-no-failures none "${WHAT[@]}" "$@"
