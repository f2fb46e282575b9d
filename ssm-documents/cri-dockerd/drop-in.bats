#!/usr/bin/env bats
# The drop-in of cri-dockerd's flags.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_NET_UNIX=$BATS_TEST_TMPDIR/unix FLEETMEND_SYSTEMD_DIR=$BATS_TEST_TMPDIR/systemd FLEETMEND_DAEMON_JSON=$BATS_TEST_TMPDIR/daemon.json
  : > "$FLEETMEND_NET_UNIX"
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/drop-in.sh"
}

# shows COMMAND: what systemd would show of it.
shows() {
  SHOWN="ExecStart={ path=/usr/bin/cri-dockerd ; argv[]=$1 ; ignore_errors=no ; start_time=[n/a] ; pid=0 }"
  capture() {
    RC=0 ERR=''
    OUT="$SHOWN"$'\n'"ExecStartEx={ path=/usr/bin/cri-dockerd ; argv[]=x ; flags=${FLAGS-} ; pid=0 }"
  }
}

@test "writes the command line down again with CNI at its end, and no other network plugin" {
  while IFS='|' read -r from to; do
    shows "/usr/bin/cri-dockerd$from"
    compose_command
    [ "$REPLY" = "/usr/bin/cri-dockerd$to --network-plugin=cni" ]
  done < <(printf '%s\n' '|' ' --container-runtime-endpoint fd:// --network-plugin=| --container-runtime-endpoint fd://' \
    ' --network-plugin no-op --cni-bin-dir=/a,/b| --cni-bin-dir=/a,/b' ' --network-plugin  --log-level info| --log-level info' \
    ' $OPTS --ipv6-dual-stack --x=${Y}| $OPTS --ipv6-dual-stack --x=${Y}' ' --a fd:// --network-plugin | --a fd://')
}

@test "refuses a command line that could mean something else" {
  for words in '--x=a b' '--x "a b"' '--x a b' '--x=%i' '--x=$(id)' '--x=`id`' '--x=a;b' '--pod-cidr  --y=1' '--x=a\ b' "--x='a'"; do
    shows "/usr/bin/cri-dockerd $words"
    FAILURE_REASON=''
    refute compose_command
    [ "$FAILURE_REASON" = CRIDockerdNoCNI ]
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

@test "takes the drop-in back as it was before, and nothing where there was none" {
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

@test "keeps what an earlier run left where it works, and takes it back where it does not" {
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
