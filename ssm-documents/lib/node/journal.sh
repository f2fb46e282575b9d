# The node's journal, read from its end. It may have a hundred thousand lines: grep and awk read it, never bash.
# shellcheck shell=bash

# newest_line SECONDS PATTERN ARGUMENT...: the newest line of the journal that matches PATTERN (an extended regular expression),
# in REPLY; 1 where there is none. ARGUMENT chooses the lines. journalctl of systemd 219 has no --grep; without --reverse,
# --lines beside --since returns the oldest lines.
newest_line() {
  local seconds=$1 pattern=$2
  shift 2
  # grep ends at the first match, and journalctl then by SIGPIPE.
  REPLY=$(bounded "$seconds" journalctl --quiet --no-pager --reverse "$@" 2> /dev/null \
    | bounded "$seconds" grep -m 1 -a -E -e "$pattern") || true
  [[ -n $REPLY ]]
}
