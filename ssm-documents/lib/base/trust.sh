# Whether root may use or run a file.
# shellcheck shell=bash

# trusted_path PATH...: whether root owns each PATH and every folder above it, and no other user may write to any of them. It
# accepts no symbolic links. In a folder with the sticky bit, other users cannot replace root's files. On failure, REPLY is the
# first path that is not trusted, with the cause in brackets: missing, symbolic link, owner UID or mode MODE.
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
      REPLY="${name#*|} (missing)"
    elif [[ $type == symbolic* ]]; then
      REPLY="${name#*|} (symbolic link)"
    elif ((uid != 0)); then
      REPLY="${name#*|} (owner $uid)"
    elif (((8#$mode & 8#022) != 0 && (8#$mode & 8#1000) == 0)); then
      REPLY="${name#*|} (mode $mode)"
    fi
    [[ -z $REPLY ]] || return 1
  done < <(bounded 5 stat -c '%u %a %F |%n' -- "${paths[@]}" || printf '1 0 missing |%s\n' "$1")
}
