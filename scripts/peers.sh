#!/usr/bin/env bash
# A virtual environment of its own for the programs that our seq2seq system is raced against. They pin and pull in what the
# product must not, so nothing of it is shared. Usage: scripts/peers.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${1:-${GLOSSWRIGHT_PEERS:-$HOME/.cache/glosswright/peers}}"
"${PYTHON:-python3}" -m venv "$folder"
# The same torch as ours, or the race would be one of torch versions. joeynmt forgets to ask for importlib_metadata.
"$folder/bin/python" -m pip install -q "$(grep -E '^torch==' constraints-cpu.txt)"
"$folder/bin/python" -m pip install -q -c constraints-cpu.txt 'joeynmt==2.3.0' importlib_metadata 'ctranslate2>=4.8,<5' \
  'pymarian==1.12.42'
echo "The peers are in $folder; run: python tests/bench/bench_seq2seq_race.py, and bench_seq2seq_budget.py beside it"
