#!/bin/sh
# Print all of the arguments
show() {
  # one of them on each line
  printf '%s\n' "$@"
}

# count lines of every log
wc -l *.log | sort -n
