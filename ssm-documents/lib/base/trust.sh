# Whose files root may use.
# shellcheck shell=bash

# trusted_path PATH...: whether root owns each PATH and every folder above it, and nobody else may write to any of them. No
# symbolic links. In a folder with the sticky bit others cannot replace what is root's. Says why not in REPLY.
trusted_path() {
  local at uid mode type name paths=(/)
  for at in "$@"; do
    while [[ -n $at ]]; do
      paths+=("$at")
      at=${at%/*}
    done
  done
  REPLY=''
  while read -r uid mode type name; do
    if [[ $type == missing ]]; then
      REPLY="${name#*|} could not be looked at"
    elif [[ $type == symbolic* ]]; then
      REPLY="${name#*|} is a symbolic link"
    elif ((uid != 0)); then
      REPLY="${name#*|} belongs to user $uid"
    elif (((8#$mode & 8#022) != 0 && (8#$mode & 8#1000) == 0)); then
      REPLY="${name#*|} may be written by others (mode $mode)"
    fi
    [[ -z $REPLY ]] || return 1
  done < <(bounded 5 stat -c '%u %a %F |%n' -- "${paths[@]}" || printf '1 0 missing |%s\n' "$1")
}
