# The drop-in that gives cri-dockerd its network plugin. Wherever the script is killed, the next run finishes the change or
# takes it back: the file beside the drop-in holds what was there before, and goes last.
#@ use base/failures
#@ use ./starting
#@ sets CRI_PLUGIN
# shellcheck shell=bash disable=SC2034,SC2153  # the prelude prints METHOD

readonly DROP_IN_FOLDER=${FLEETMEND_SYSTEMD_DIR:-/etc/systemd/system}/$CRI.d
readonly DROP_IN=$DROP_IN_FOLDER/50-fleetmend.conf
# While a change is under way: the drop-in before it, empty where there was none. systemd reads files that end in .conf.
readonly DROP_IN_BEFORE=$DROP_IN.before
readonly DROP_IN_HEAD="# Written by fleetmend: cri-dockerd ran without CNI. To undo it: remove this file; systemctl daemon-reload; systemctl restart $CRI"

# Whether this run is between the first byte and the proof.
DROP_IN_OPEN=false

repair_CRIDockerdNoCNI() {
  local line configured
  if [[ $DOCKER_STATE != answers || ${UNIT["$CRI ActiveState"]-} != active ]]; then
    note_failure CRIDockerdNoCNI "$CURRENT Its flags are changed only while it runs, so that it can be seen whether it runs with them."
    return 1
  fi
  if [[ ${UNIT["$CRI NeedDaemonReload"]-} == yes ]]; then
    changing 'reading the unit files that were edited'
    capture 20 systemctl daemon-reload
  fi
  configured_plugin
  configured=$REPLY
  if [[ $configured == cni ]]; then
    # The unit was edited, and not restarted since.
    METHOD=${METHOD:-restart}
    restart_cri_dockerd && runs_with_cni && return 0
    note_not_started CRIDockerdNoCNI "$CRI" 'its unit names CNI, but it does not come back with it'
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

# configured_plugin: what the unit says, as against the process, in REPLY.
configured_plugin() {
  local running=$CRI_PLUGIN
  CRI_PLUGIN='unset'
  unit_flags take_cri_flag "$CRI"
  REPLY=$CRI_PLUGIN
  CRI_PLUGIN=$running
}

# compose_command: the command line that systemd has of cri-dockerd now, with CNI, in REPLY; 1 where it holds anything that
# could mean something else when it is written down again. systemd shows its words without their quotes.
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
  # The last one counts, whatever a variable holds.
  REPLY="$line --network-plugin=cni"
}

refuse_command() {
  json_string "$1" 100
  note_failure CRIDockerdNoCNI "The command line of $CRI is not one that can be written down again safely ($REPLY). Give it --network-plugin=cni by hand, then: systemctl daemon-reload && systemctl restart $CRI"
}

# write_drop_in COMMAND: at once or not at all.
write_drop_in() {
  changing "writing $DROP_IN: $1"
  if { mkdir -p -- "$DROP_IN_FOLDER" && chmod 755 -- "$DROP_IN_FOLDER" && keep_before \
    && put_file "$DROP_IN" "$DROP_IN_HEAD"$'\n[Service]\nExecStart=\nExecStart='"$1"; } 2> "$WORK/err"; then
    return 0
  fi
  slurp "$WORK/err"
  last_line "$REPLY"
  if [[ $REPLY == *[Nn]'o space left'* ]]; then
    note_failure DiskFull "$DROP_IN could not be written: $REPLY"
  else
    note_failure CRIDockerdNoCNI "$DROP_IN could not be written: $REPLY"
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

# runs_with_cni: whether cri-dockerd is up, reachable for kubelet, and really has the flag.
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
  local paths why
  capture 5 systemctl show --property=DropInPaths "$CRI"
  paths=${OUT#DropInPaths=}
  last_words_of "$CRI"
  why=${REPLY:-no word in its log}
  if [[ ${UNIT["$CRI ActiveState"]-} == active && $CRI_PLUGIN != cni ]]; then
    why="another file decides its command line: ${paths%$'\n'}"
  fi
  note_failure CRIDockerdNoCNI "With $DROP_IN cri-dockerd did not come back with CNI ($why); the file was taken back and $CRI restarted as it was."
}

# take_back_files: the drop-in as it was before. The copy stays until systemd has read it.
take_back_files() {
  if [[ -s $DROP_IN_BEFORE ]]; then
    cp -- "$DROP_IN_BEFORE" "$DROP_IN.new" && chmod 644 -- "$DROP_IN.new" && mv -f -- "$DROP_IN.new" "$DROP_IN"
  elif [[ -e $DROP_IN_BEFORE ]]; then
    rm -f -- "$DROP_IN" "$DROP_IN.new"
  fi
}

# roll_back: the drop-in as it was before, and cri-dockerd with it.
roll_back() {
  log "taking $DROP_IN back"
  take_back_files
  capture 20 systemctl daemon-reload
  restart_cri_dockerd || log "$CRI did not come back"
  rm -f -- "$DROP_IN_BEFORE" "$DROP_IN_BEFORE.new"
  rmdir -- "$DROP_IN_FOLDER" 2> /dev/null || true
  DROP_IN_OPEN=false
}

# abandon_drop_in: at the end of a script that was stopped in the middle.
abandon_drop_in() {
  [[ $DROP_IN_OPEN == false ]] || roll_back
}

# settle_drop_in: what a run left that was killed in the middle: kept where it works, else taken back. Wants look_at_docker.
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
