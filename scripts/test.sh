#!/usr/bin/env bash
# Every test with branch coverage, which must stay at 90 % or more over server/ and model/.
# The quick tests run on all cores first; those that run the real model, or measure time, run alone afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
PY=${VENV:-.venv}/bin/python
# The editors that tests drive, in a cache of their own; where they cannot be had in two minutes, their tests skip.
"$PY" tests/editors/install.py --limit-s 120
export COVERAGE_FILE=$PWD/.coverage
rm -f .coverage .coverage.*

"$PY" -m pytest -q -n 2 --dist loadfile -m "not weights and not alone" --cov --cov-report=
"$PY" -m pytest -q -m "weights or alone" --cov --cov-append --cov-report=
"$PY" -m coverage report --fail-under=90
