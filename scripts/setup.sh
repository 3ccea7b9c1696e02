#!/usr/bin/env bash
# Makes the virtual environment and installs Glosswright into it with everything the demo and the tests need.
# Says what it does; installs python3-venv through apt-get only where it is missing and we are root.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
VENV=${VENV:-.venv}

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

command -v "$PYTHON" >/dev/null || die "no $PYTHON on the PATH; install Python 3.10 to 3.13, or run make PYTHON=/path/to/python3"
"$PYTHON" - <<'PY' || die "Glosswright needs Python 3.10 to 3.13, and $PYTHON is $("$PYTHON" --version 2>&1); run make PYTHON=python3.12, for example"
import sys
sys.exit(0 if (3, 10) <= sys.version_info < (3, 14) else 1)
PY

if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing python3-venv"
    apt-get update -qq && apt-get install -y -qq python3-venv
  else
    die "the venv module is missing; install it (on Debian and Ubuntu: sudo apt-get install python3-venv)"
  fi
fi

say "Virtual environment in $VENV ($("$PYTHON" --version))"
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"

say "Installing pip and the CPU build of torch (about 200 MB the first time)"
"$VENV/bin/python" -m pip install -q --upgrade 'pip>=25.1'
# Asked for by its exact version, on its own, so that no CUDA build is resolved: see constraints-cpu.txt.
"$VENV/bin/python" -m pip install --progress-bar on -q "$(grep -E '^torch==' constraints-cpu.txt)"

say "Installing Glosswright with both back ends and the development tools"
"$VENV/bin/python" -m pip install --progress-bar on -q -c constraints-cpu.txt -e '.[llamacpp,torch]' --group dev
touch "$VENV/.installed"
say "Ready: $VENV/bin/glosswright --help"
