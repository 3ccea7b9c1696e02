#!/usr/bin/env bash
# Builds the VS Code extension into dist/glosswright-VERSION.vsix, with the server's wheel inside it.
# `vsix.sh install` only installs what the build needs; `vsix.sh check` then checks and tests the sources.
set -euo pipefail
cd "$(dirname "$0")/.."
PY=${VENV:-.venv}/bin/python
MAX_BYTES=1000000

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }

PATH=$(scripts/node.sh):$PATH
export PATH npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
cd vscode-client
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say "Installing what the extension is built with (150 MB, into vscode-client/node_modules)"
  npm ci --ignore-scripts --no-progress --loglevel=error
  touch node_modules/.package-lock.json
fi
[ "${1:-}" != install ] || exit 0
if [ "${1:-}" = check ]; then
  say "Checking types and style"
  npm run --silent lint
  say "Running the unit tests"
  npm run --silent test -- --test-reporter=dot
  exit
fi

say "Building the extension"
cp ../LICENSE LICENSE
rm -rf server && mkdir server
"../$PY" -m pip wheel -q --no-deps -w server ..
"../$PY" ../scripts/repack_wheel.py server/*.whl
node compress.mjs server/*.whl
node build.mjs
mkdir -p ../dist
FILE=../dist/glosswright-$(node -p 'require("./package.json").version').vsix
npx --no-install vsce package --no-dependencies --out "$FILE" >/dev/null
BYTES=$(wc -c <"$FILE")
[ "$BYTES" -lt "$MAX_BYTES" ] || { echo "error: $FILE has $BYTES bytes; a megabyte is the limit" >&2; exit 1; }
say "Made $(realpath --relative-to=.. "$FILE"), $((BYTES / 1000)) kB. Install it with: code --install-extension $(realpath --relative-to=.. "$FILE")"
