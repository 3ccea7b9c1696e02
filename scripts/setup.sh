#!/usr/bin/env bash
# Makes the virtual environment and installs Glosswright into it: `setup.sh` for use and the demo, `setup.sh dev` with
# torch and the development tools as well.
# Says what it does; installs python3-venv, libseccomp (for the sandbox) and, for tests, bubblewrap through apt-get only
# where they are missing and we are root.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
VENV=${VENV:-.venv}

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
quietly() { grep --line-buffered -E '^ *Downloading|^Successfully|^ERROR|^WARNING: (Retry|There)' || true; }
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

# Without these nothing breaks: examples are not run, and tests of the second kind of sandbox skip.
wanted=()
if [ "$(uname)" = Linux ]; then
  has_seccomp() { for file in /lib/*/libseccomp.so.2 /usr/lib*/libseccomp.so.2; do [ -e "$file" ] && return; done; false; }
  has_seccomp || wanted+=(libseccomp2)
  [ "${1:-}" != dev ] || command -v bwrap >/dev/null || wanted+=(bubblewrap)
fi
if [ "${#wanted[@]}" -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  say "Installing ${wanted[*]} for the sandbox"
  { apt-get update -qq && apt-get install -y -qq "${wanted[@]}"; } >/dev/null || say "They cannot be had; going on without"
elif [[ " ${wanted[*]} " == *" libseccomp2 "* ]]; then
  say "libseccomp is missing, so examples will not be run (on Debian and Ubuntu: sudo apt-get install libseccomp2)"
fi

say "Virtual environment in $VENV ($("$PYTHON" --version))"
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"

say "Installing Glosswright with the llama.cpp back end (about 60 MB the first time)"
"$VENV/bin/python" -m pip install -q --upgrade 'pip>=25.1'
"$VENV/bin/python" -m pip install --progress-bar on -c constraints-cpu.txt -e '.[llamacpp]' | quietly
touch "$VENV/.installed"

if [ "${1:-}" = dev ]; then
  say "Installing the CPU build of torch (about 200 MB the first time)"
  # By its exact version and on its own, so that no CUDA build is resolved: see constraints-cpu.txt.
  "$VENV/bin/python" -m pip install --progress-bar on "$(grep -E '^torch==' constraints-cpu.txt)" | quietly
  say "Installing the torch back end and the development tools"
  "$VENV/bin/python" -m pip install --progress-bar on -c constraints-cpu.txt -e '.[llamacpp,torch,train,eval]' --group dev | quietly
  touch "$VENV/.installed-dev"
fi
say "Ready: $VENV/bin/glosswright --help"
