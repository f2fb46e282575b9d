#!/usr/bin/env bats
# The drop-in for cri-dockerd's flags.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_NET_UNIX=$BATS_TEST_TMPDIR/unix FLEETMEND_SYSTEMD_DIR=$BATS_TEST_TMPDIR/systemd FLEETMEND_DAEMON_JSON=$BATS_TEST_TMPDIR/daemon.json
  : > "$FLEETMEND_NET_UNIX"
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/drop-in.sh"
}

# shows COMMAND: has systemd show it.
shows() {
  SHOWN="ExecStart={ path=/usr/bin/cri-dockerd ; argv[]=$1 ; ignore_errors=no ; start_time=[n/a] ; pid=0 }"
  capture() {
    RC=0 ERR=''
    OUT="$SHOWN"$'\n'"ExecStartEx={ path=/usr/bin/cri-dockerd ; argv[]=x ; flags=${FLAGS-} ; pid=0 }"
  }
}

@test "writes the command line with CNI at its end, and no other network plugin" {
  while IFS='|' read -r from to; do
    shows "/usr/bin/cri-dockerd$from"
    compose_command
    [ "$REPLY" = "/usr/bin/cri-dockerd$to --network-plugin=cni" ]
  done < <(printf '%s\n' '|' ' --container-runtime-endpoint fd:// --network-plugin=| --container-runtime-endpoint fd://' \
    ' --network-plugin no-op --cni-bin-dir=/a,/b| --cni-bin-dir=/a,/b' ' --network-plugin  --log-level info| --log-level info' \
    ' $OPTS --ipv6-dual-stack --x=${Y}| $OPTS --ipv6-dual-stack --x=${Y}' ' --a fd:// --network-plugin | --a fd://')
}

@test "refuses a command line that could have another meaning" {
  for words in '--x=a b' '--x "a b"' '--x a b' '--x=%i' '--x=$(id)' '--x=`id`' '--x=a;b' '--pod-cidr  --y=1' '--x=a\ b' "--x='a'"; do
    shows "/usr/bin/cri-dockerd $words"
    forget_failure
    refute compose_command
    [ "$FAILURE_REASON ${FAILURE_FACTS[*]:0:3}" = 'CRIDockerdNoCNI notChanged command-line commandPart' ]
    [[ $words == *"${FAILURE_FACTS[3]}"* || ${FAILURE_FACTS[3]} == *"$words" ]]
  done
  shows '/bin/sh -c x'
  refute compose_command
  shows '/usr/bin/cri-dockerd'
  FLAGS=no-env-expand
  refute compose_command
  FLAGS=''
  SHOWN=${SHOWN/ignore_errors=no/ignore_errors=yes}
  refute compose_command
}

@test "restores the previous drop-in, and removes it where there was none" {
  systemctl() { :; }
  restart_cri_dockerd() { :; }
  capture() { RC=0 OUT='' ERR=''; }
  write_drop_in '/usr/bin/cri-dockerd --network-plugin=cni'
  [ "$(stat -c %a "$DROP_IN")" = 644 ]
  [ "$(tail -n 2 "$DROP_IN")" = 'ExecStart=
ExecStart=/usr/bin/cri-dockerd --network-plugin=cni' ]
  roll_back
  [ ! -e "$DROP_IN_FOLDER" ]
  mkdir -p "$DROP_IN_FOLDER"
  echo '[Service]' > "$DROP_IN"
  write_drop_in x
  roll_back
  [ "$(cat "$DROP_IN")" = '[Service]' ]
  [ "$(ls "$DROP_IN_FOLDER")" = 50-fleetmend.conf ]
}

@test "keeps the drop-in of an interrupted run where it works, and rolls it back where it does not" {
  capture() { RC=0 OUT='' ERR=''; }
  restart_cri_dockerd() { :; }
  look_at_docker() { :; }
  write_drop_in x
  runs_with_cni() { true; }
  settle_drop_in
  [ "$(ls "$DROP_IN_FOLDER")" = 50-fleetmend.conf ]
  write_drop_in y
  runs_with_cni() { false; }
  settle_drop_in
  [[ $(cat "$DROP_IN") == *'ExecStart=x' ]]
}

@test "reports the drop-ins where another one sets the command line, else the unit's last error" {
  capture() { OUT=$'DropInPaths=/a/50-fleetmend.conf /a/90-own.conf\n'; }
  last_error_of() { REPLY='fatal: no such plugin'; }
  UNIT["$CRI ActiveState"]=active CRI_PLUGIN=''
  explain_drop_in_failure 2> /dev/null
  [ "$FAILURE_DETAIL${FAILURE_FACTS[*]}" = "rolledBack true dropIn $DROP_IN dropInPaths /a/50-fleetmend.conf /a/90-own.conf" ]
  forget_failure
  UNIT["$CRI ActiveState"]=failed
  explain_drop_in_failure 2> /dev/null
  [ "$FAILURE_DETAIL ${FAILURE_FACTS[*]}" = "fatal: no such plugin rolledBack true dropIn $DROP_IN" ]
}
