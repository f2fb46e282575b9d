#!/usr/bin/env bash
# Runs a command, and writes the processor time of it and of all that it waited for to file descriptor 3, as bash prints it.
# Usage: measured.sh NICENESS -- COMMAND...
set -o nounset
niceness=$1
shift 2
nice -n "$niceness" "$@" 3>&-
code=$?
times >&3
exit "$code"
