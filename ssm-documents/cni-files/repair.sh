# The steps of the repair: sets an execute bit, moves a leftover aside, ends aws-node's container so that kubelet restarts it.
#@ use ./fault
#@ use base/failures
#@ use base/trust
# shellcheck shell=bash disable=SC2034,SC2086  # script.sh and the prelude read what is set here; paths are split

# The steps that must not run twice. For the evidence: the programs that are executable again, the folder of the moved files,
# and whether aws-node was restarted.
DONE=' ' MADE_EXECUTABLE='' MOVED_TO='' RESTARTED=''
# The files that were moved, one a line: the path, a tab, the folder.
MOVED=''
# kubelet waits up to 10 s before the first restart of a container; ipamd then calls EC2 and the API server.
readonly RESTART_SECONDS=150
# What a start of aws-node needs: it copies programs of some ten megabytes.
readonly ROOM_BYTES=67108864 ROOM_INODES=100

# repair_set_mode: only for programs that no other user than root can write, because the runtime runs them as root.
repair_set_mode() {
  local path
  DONE+='set-mode '
  for path in $LOCKED; do
    path=$(readlink -f -- "$path") || return 1
    if ! trusted_path "$path"; then
      note_failure CNIBinaryInvalid '' untrusted "$REPLY"
      return 1
    fi
    changing "setting the execute bit of $path"
    chmod a+x -- "$path" || return 1
    MADE_EXECUTABLE+="${MADE_EXECUTABLE:+ }$path"
  done
  METHOD=${METHOD:-set-mode}
}

# repair_move_aside: moves the configuration that the runtime uses to a folder that no runtime reads. The next one may be
# another leftover.
repair_move_aside() {
  local folder
  folder="$CONF_DIR.fleetmend-backup/$(date -u +%Y%m%dT%H%M%SZ)"
  changing "moving $CONFIG to $folder"
  mkdir -p -- "$folder" && mv -- "$CONFIG" "$folder/" || return 1
  METHOD=${METHOD:-move-aside}
  MOVED_TO=$folder
  MOVED+=$CONFIG$'\t'$folder$'\n'
}

at_exit put_back

# put_back: without a repaired network, the moved files return: the node must not be worse than before.
put_back() {
  local file folder
  [[ -n $MOVED && $OUTCOME != Repaired ]] || return 0
  while IFS=$'\t' read -r file folder; do
    log "moving ${file##*/} back from $folder"
    if [[ -e $file || -L $file ]] || ! mv -- "$folder/${file##*/}" "$file"; then
      evidence movedTo "$folder"
      continue
    fi
    rmdir -- "$folder" 2> /dev/null || true
  done < <(printf '%s' "$MOVED")
  rmdir -- "$CONF_DIR.fleetmend-backup" 2> /dev/null || true
  MOVED=''
}

# disk_has_room: whether a container can start, and aws-node can copy its programs and write its configuration, all of which take new
# files. A file system without a number of inodes (btrfs) has as many as it needs.
disk_has_room() {
  local free size inodes free_inodes
  capture 5 stat --file-system --format='%a %S %c %d' -- "${CONTAINERD_ROOT:-/var/lib}" "$CONF_DIR" "${BIN_DIRS[@]}"
  while read -r free size inodes free_inodes; do
    ((free * size >= ROOM_BYTES && (inodes == 0 || free_inodes >= ROOM_INODES))) || return 1
  done < "$WORK/out"
}

# repair_restart_aws_node: ends the container's process; its pod, its sandbox and all other pods stay.
repair_restart_aws_node() {
  local id=$AWS_NODE_ID reason=$REASON_FOUND deadline=$((SECONDS + RESTART_SECONDS)) signal time
  DONE+='restart-aws-node '
  # On a full disk it would end and not start again: the node would be worse than before.
  if ! disk_has_room; then
    note_failure DiskFull '' failedStep restart-aws-node
    return 1
  fi
  changing "ending aws-node's container $id"
  for signal in TERM KILL; do
    end_container "$signal" "$id"
    for time in 1 2 3 4 5; do
      bounded 3 sleep 1 || break
      find_aws_node
      [[ $AWS_NODE_ID == "$id" ]] || break 2
    done
  done
  METHOD=${METHOD:-restart-aws-node}
  RESTARTED=true
  # Not for a fault that another start of aws-node would not repair.
  while ((SECONDS < deadline)) && find_fault && [[ $REASON_FOUND == "$reason" || $REASON_FOUND == CNI@(ConfigMissing|NotReady) ]]; do
    bounded 5 sleep 2 || return 0
  done
}

# end_container SIGNAL ID
end_container() {
  if [[ $ON_DOCKER == true ]]; then
    capture 20 docker kill --signal "$1" "$2"
  else
    ctr_k8s 20 tasks kill --signal "SIG$1" "$2"
  fi
}

# wait_for_start: waits for a node that has only just started; 1 if it has no fault any more.
wait_for_start() {
  [[ -z $METHOD ]] || return 0
  while may_be_starting; do
    bounded 6 sleep 5 || return 0
    find_fault || return 1
  done
}
