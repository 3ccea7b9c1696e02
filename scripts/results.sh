#!/usr/bin/env bash
# Repeats a result of docs/experiments.md from nothing: trains what it needs into runs/, then measures it on the test part.
#   scripts/results.sh NAME CORPUS       CORPUS: the folder of Django, CoNaLa or code-docstring, as docs/data.md says
# Training takes one core; a run that was interrupted goes on where it was. What is in runs/ already is not trained again.
set -euo pipefail
cd "$(dirname "$0")/.."
GLOSSWRIGHT=${VENV:-.venv}/bin/glosswright
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
NAMES="django-lstm django-lstm-plain django-transformer django-ensemble django-two-kinds django-both django-lstm-risk django-lstm-adversarial conala code-docstring"

die() { printf 'error: %s\n' "$*" >&2; exit 2; }
[ $# = 2 ] || die "usage: scripts/results.sh NAME CORPUS, with NAME one of: $NAMES"
NAME=$1 CORPUS=$2
[ -d "$CORPUS" ] || die "$CORPUS is no folder; where the corpora are to be had is in docs/data.md"

trained() { # trained RUN CONFIG [OPTION…]: the run's model in runs/RUN/model; a later --data counts
  local run=runs/$1 config=$2
  shift 2
  [ ! -e "$run/model/config.json" ] || return 0
  local resume=()
  [ ! -d "$run/state" ] || resume=(--resume)
  "$GLOSSWRIGHT" model train "$config" --data "$CORPUS" --out "$run" "$@" "${resume[@]}"
}
measured() { # measured RUN… [-- OPTION…]
  local runs=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do runs+=("runs/$1/model"); shift; done
  [ $# = 0 ] || shift
  "$GLOSSWRIGHT" model eval "${runs[@]}" --data "$CORPUS" "$@"
}
SEARCH=(--beam 5 --length 0.6 --grammar)

case $NAME in
  django-lstm | django-lstm-plain | django-transformer)
    trained "$NAME" "$NAME"
    measured "$NAME"
    measured "$NAME" -- "${SEARCH[@]}"
    ;;
  django-ensemble | django-two-kinds | django-both) # two seeds, two kinds of network, all three
    trained django-lstm django-lstm
    networks=(django-lstm)
    if [ "$NAME" != django-two-kinds ]; then
      trained django-lstm-2 django-lstm --set training.seed=2
      networks+=(django-lstm-2)
    fi
    if [ "$NAME" != django-ensemble ]; then
      trained django-transformer django-transformer
      networks+=(django-transformer)
    fi
    measured "${networks[@]}" -- --ensemble "${SEARCH[@]}"
    ;;
  django-lstm-risk | django-lstm-adversarial)
    trained django-lstm django-lstm
    trained "$NAME" "$NAME"
    trained "$NAME-control" "$NAME" --set tune.weight=0 --set tune.method=minimum_risk # as many updates, no reward
    measured django-lstm "$NAME-control" "$NAME"
    ;;
  conala)
    trained conala-pretrain conala-pretrain
    trained conala conala
    measured conala # greedy: a beam prefers short answers here, which BLEU punishes
    measured conala -- "${SEARCH[@]}"
    ;;
  code-docstring) # the authors' systems, from the answers they published; ours, trained on the Python that is installed here
    pairs=runs/installed-bodies.jsonl
    mkdir -p runs
    folders=$("${VENV:-.venv}/bin/python" -c 'import sysconfig; print(*map(sysconfig.get_path, ("stdlib", "purelib")), sep="\n")')
    mapfile -t folders <<<"$folders"
    [ -e "$pairs" ] || "$GLOSSWRIGHT" model mine "${folders[@]}" --kind body --language python --without-tests --out "$pairs"
    trained docstring-body docstring-body --data "$pairs"
    for part in dev test; do
      measured docstring-body -- --part "$part" --beam 5 --length 1 --coverage 0.2 --no-repeat 4
      for system in baseline backtransl; do
        [ "$system $part" != "baseline dev" ] || continue # that file was published incomplete
        "$GLOSSWRIGHT" model eval --data "$CORPUS" --part "$part" --tokenised \
          --outputs "$CORPUS/nmt.decldesc2bodies.$system.${part/dev/valid}.output"
      done
    done
    ;;
  *) die "no result is called $NAME; choose one of: $NAMES" ;;
esac
