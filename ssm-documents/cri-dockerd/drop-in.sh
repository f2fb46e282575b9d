# The drop-in that gives cri-dockerd its network plugin. If the script is killed at any point, the next run completes the
# change or rolls it back: the file beside the drop-in holds the previous content, and is removed last.
#@ use base/failures
#@ use ./starting
#@ sets CRI_PLUGIN
# shellcheck shell=bash disable=SC2034,SC2153  # the prelude prints METHOD

readonly DROP_IN_FOLDER=${FLEETMEND_SYSTEMD_DIR:-/etc/systemd/system}/$CRI.d
readonly DROP_IN=$DROP_IN_FOLDER/50-fleetmend.conf
# During a change: the previous drop-in, empty where there was none. systemd reads only files that end in .conf.
readonly DROP_IN_BEFORE=$DROP_IN.before
readonly DROP_IN_HEAD="# Written by fleetmend: cri-dockerd ran without CNI. To undo it: remove this file; systemctl daemon-reload; systemctl restart $CRI"

# Whether this run has begun the change and not yet proved that it works.
DROP_IN_OPEN=false

repair_CRIDockerdNoCNI() {
  local line configured
  if [[ $DOCKER_STATE != answers || ${UNIT["$CRI ActiveState"]-} != active ]]; then
    # Only a running cri-dockerd proves that it runs with the flag.
    note_failure CRIDockerdNoCNI '' notChanged not-running
    return 1
  fi
  may_stop_kubelet || return 1
  if [[ ${UNIT["$CRI NeedDaemonReload"]-} == yes ]]; then
    changing 'reloading the edited unit files'
    capture 20 systemctl daemon-reload
  fi
  configured_plugin
  configured=$REPLY
  if [[ $configured == cni ]]; then
    # The unit was edited and has not been restarted since.
    METHOD=${METHOD:-restart}
    restart_cri_dockerd && runs_with_cni && return 0
    note_not_started CRIDockerdNoCNI "$CRI" restart ''
    return 1
  fi
  compose_command || return 1
  line=$REPLY
  METHOD=${METHOD:-drop-in}
  write_drop_in "$line" || return 1
  capture 20 systemctl daemon-reload
  if restart_cri_dockerd && runs_with_cni; then
    keep_drop_in
    return 0
  fi
  explain_drop_in_failure
  roll_back
  return 1
}

# configured_plugin: the network plugin of the unit, not of the process, in REPLY.
configured_plugin() {
  local running=$CRI_PLUGIN
  CRI_PLUGIN='unset'
  unit_flags take_cri_flag "$CRI"
  REPLY=$CRI_PLUGIN
  CRI_PLUGIN=$running
}

# compose_command: the current command line of cri-dockerd with CNI, in REPLY; 1 where a word could have another meaning when
# it is written to a unit file. systemd shows the words without their quotes.
compose_command() {
  local shown text path word line previous='' words=()
  local plain='^[A-Za-z0-9_./:=,@+-]*$' variable='^(--?[a-z0-9-]+=)?[$][{]?[A-Za-z_][A-Za-z0-9_]*[}]?$'
  capture 5 systemctl show --property=ExecStart --property=ExecStartEx "$CRI"
  shown=${OUT#*ExecStart=}
  shown=${shown%%$'\n'*}
  path=${shown#*path=}
  path=${path%% ;*}
  text=${shown#*argv\[\]=}
  text=${text%% ; *}
  # An empty value of its own word leaves two blanks.
  text=${text/ --network-plugin  / }
  text=${text% --network-plugin }
  read -r -a words < <(printf '%s\n' "$text") || true
  if ((${#words[@]} == 0)) || [[ ${words[0]} != "$path" || $path != /* || $text == *'  '* || $text == *' ' ]] \
    || [[ $shown != "{ path="*"ignore_errors=no"* || $shown == *"} ; {"* || $shown == *"} {"* || $OUT =~ flags=[a-z] ]]; then
    refuse_command "$text"
    return 1
  fi
  line=$path
  for word in "${words[@]:1}"; do
    if [[ ! $word =~ $plain && ! $word =~ $variable ]]; then
      refuse_command "$word"
      return 1
    fi
    case $word in
      --network-plugin=*) previous='' ;;
      -*)
        [[ $word == --network-plugin ]] || line+=" $word"
        # A flag without `=` may be followed by its value.
        previous=$word
        [[ $word != *=* ]] || previous=''
        ;;
      *)
        if [[ -z $previous && $word != '$'* ]]; then
          refuse_command "$word"
          return 1
        fi
        [[ $previous == --network-plugin ]] || line+=" $word"
        previous=''
        ;;
    esac
  done
  # The last flag applies, whatever a variable holds.
  REPLY="$line --network-plugin=cni"
}

# refuse_command TEXT: notes the part of the command line that cannot be written to a unit file safely.
refuse_command() {
  note_failure CRIDockerdNoCNI '' notChanged command-line commandPart "$1"
}

# write_drop_in COMMAND: writes the drop-in atomically.
write_drop_in() {
  changing "writing $DROP_IN: $1"
  if { mkdir -p -- "$DROP_IN_FOLDER" && chmod 755 -- "$DROP_IN_FOLDER" && keep_before \
    && put_file "$DROP_IN" "$DROP_IN_HEAD"$'\n[Service]\nExecStart=\nExecStart='"$1"; } 2> "$WORK/err"; then
    return 0
  fi
  slurp "$WORK/err"
  last_line "$REPLY"
  if [[ $REPLY == *[Nn]'o space left'* ]]; then
    note_failure DiskFull "$REPLY" failedStep write dropIn "$DROP_IN"
  else
    note_failure CRIDockerdNoCNI "$REPLY" failedStep write dropIn "$DROP_IN"
  fi
  take_back_files
  return 1
}

keep_before() {
  DROP_IN_OPEN=true
  if [[ -s $DROP_IN ]]; then
    cp -- "$DROP_IN" "$DROP_IN_BEFORE.new" && mv -f -- "$DROP_IN_BEFORE.new" "$DROP_IN_BEFORE"
  else
    : > "$DROP_IN_BEFORE"
  fi
}

put_file() {
  printf '%s\n' "$2" > "$1.new" && chmod 644 -- "$1.new" && mv -f -- "$1.new" "$1"
}

# runs_with_cni: whether cri-dockerd runs, kubelet can reach it, and its process has the flag.
runs_with_cni() {
  read_units
  read_sockets
  read_cri_dockerd
  [[ ${UNIT["$CRI ActiveState"]-} == active && $CRI_PLUGIN == cni ]] && is_listening "$ENDPOINT"
}

keep_drop_in() {
  rm -f -- "$DROP_IN_BEFORE"
  DROP_IN_OPEN=false
}

explain_drop_in_failure() {
  local paths
  if [[ ${UNIT["$CRI ActiveState"]-} == active && $CRI_PLUGIN != cni ]]; then
    # Another drop-in sets the command line after this one.
    capture 5 systemctl show --property=DropInPaths "$CRI"
    paths=${OUT#DropInPaths=}
    note_failure CRIDockerdNoCNI '' rolledBack true dropIn "$DROP_IN" dropInPaths "${paths%%$'\n'*}"
  else
    last_error_of "$CRI"
    note_failure CRIDockerdNoCNI "$REPLY" rolledBack true dropIn "$DROP_IN"
  fi
}

# take_back_files: restores the previous drop-in. The copy stays until systemd has read it.
take_back_files() {
  if [[ -s $DROP_IN_BEFORE ]]; then
    cp -- "$DROP_IN_BEFORE" "$DROP_IN.new" && chmod 644 -- "$DROP_IN.new" && mv -f -- "$DROP_IN.new" "$DROP_IN"
  elif [[ -e $DROP_IN_BEFORE ]]; then
    rm -f -- "$DROP_IN" "$DROP_IN.new"
  fi
}

# roll_back: restores the previous drop-in, and restarts cri-dockerd with it.
roll_back() {
  log "rolling back $DROP_IN"
  take_back_files
  capture 20 systemctl daemon-reload
  restart_cri_dockerd || log "continuing without $CRI, which does not start"
  rm -f -- "$DROP_IN_BEFORE" "$DROP_IN_BEFORE.new"
  rmdir -- "$DROP_IN_FOLDER" 2> /dev/null || true
  DROP_IN_OPEN=false
}

# abandon_drop_in: rolls back at the end of a script that was stopped during the change.
abandon_drop_in() {
  [[ $DROP_IN_OPEN == false ]] || roll_back
}

# settle_drop_in: keeps the drop-in of a run that was killed during the change where it works, and rolls it back otherwise.
# Needs look_at_docker.
settle_drop_in() {
  [[ -e $DROP_IN_BEFORE ]] || return 0
  changing "settling $DROP_IN, left by an earlier run"
  if runs_with_cni; then
    keep_drop_in
    return
  fi
  roll_back
  look_at_docker
}
