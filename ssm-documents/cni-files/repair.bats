#!/usr/bin/env bats
# The steps of the repair, in temporary folders.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/repair.sh"
  trusted_path() { REPLY='user 7 may write it' && [[ $TRUSTED == true ]]; }
  TRUSTED=true
}

@test "sets the execute bit of a program that only root can write, through a link" {
  : > "$BATS_TEST_TMPDIR/portmap" && chmod 644 "$BATS_TEST_TMPDIR/portmap"
  ln -s portmap "$BATS_TEST_TMPDIR/link"
  LOCKED=" $BATS_TEST_TMPDIR/link"
  repair_set_mode
  [ "$(stat -c %a "$BATS_TEST_TMPDIR/portmap") $METHOD $CHANGED" = '755 set-mode true' ]
}

@test "does not change a program that other users can write, and reports why" {
  : > "$BATS_TEST_TMPDIR/portmap" && chmod 666 "$BATS_TEST_TMPDIR/portmap"
  LOCKED=" $BATS_TEST_TMPDIR/portmap" TRUSTED=false
  refute repair_set_mode
  [ "$(stat -c %a "$BATS_TEST_TMPDIR/portmap") $CHANGED" = '666 false' ]
  [ "$FAILURE_REASON ${FAILURE_FACTS[*]}" = 'CNIBinaryInvalid untrusted user 7 may write it' ]
}

@test "moves a leftover unchanged to a folder beside it" {
  CONF_DIR=$BATS_TEST_TMPDIR/net.d CONFIG=$BATS_TEST_TMPDIR/net.d/05-cilium.conflist
  mkdir "$CONF_DIR" && printf '{}' > "$CONFIG"
  repair_move_aside
  [ -z "$(ls -A "$CONF_DIR")" ]
  [ "$(cat "$CONF_DIR".fleetmend-backup/*/05-cilium.conflist)" = '{}' ]
}

@test "puts a moved file back where the node was not repaired, and over no other file" {
  CONF_DIR=$BATS_TEST_TMPDIR/net.d CONFIG=$BATS_TEST_TMPDIR/net.d/05-cilium.conflist
  mkdir "$CONF_DIR" && printf '{}' > "$CONFIG"
  repair_move_aside
  OUTCOME=Repaired
  put_back
  [ ! -e "$CONFIG" ]
  OUTCOME=NotRepaired
  put_back
  [ "$(cat "$CONFIG") $(cd "$BATS_TEST_TMPDIR" && echo *)" = '{} net.d' ]
  repair_move_aside
  printf 'new' > "$CONFIG"
  put_back
  [ "$(cat "$CONFIG")" = new ]
  [ "$(cat "$MOVED_TO/05-cilium.conflist")" = '{}' ]
  [[ $EVIDENCE == '"movedTo":"'*'"' ]]
}

# restart STARTS_BY: ends a container of id old, which only the signal STARTS_BY ends.
restart() {
  local by=$1
  AWS_NODE_ID=old REASON_FOUND=CNIConfigMissing SIGNALS=''
  bounded() { :; }
  end_container() { SIGNALS+="$1 "; }
  find_aws_node() { [[ $SIGNALS != *"$by "* ]] || AWS_NODE_ID=new; }
  find_fault() { return 1; }
  repair_restart_aws_node
}

@test "sends aws-node SIGTERM, and kills it only where it does not end" {
  restart TERM
  [ "$SIGNALS" = 'TERM ' ]
  restart KILL
  [ "$SIGNALS" = 'TERM KILL ' ]
  [ "$METHOD" = restart-aws-node ]
}

@test "does not wait for a fault that a start of aws-node does not repair" {
  AWS_NODE_ID=old REASON_FOUND=CNIConfigMissing WAITS=0
  disk_has_room() { :; }
  bounded() { WAITS=$((WAITS + 1)); }
  end_container() { AWS_NODE_ID=''; }
  find_aws_node() { :; }
  find_fault() { REASON_FOUND=CNIBinaryMissing; }
  repair_restart_aws_node
  [ "$WAITS" = 1 ]
}

@test "leaves aws-node alone where a disk has no room for its start" {
  local lines restarted
  BIN_DIRS=(/opt/cni/bin) CONTAINERD_ROOT=/containerd
  capture() { [[ $* == *"-- /containerd $CONF_DIR /opt/cni/bin" ]] && printf '%b\n' "$lines" > "$WORK/out"; }
  for lines in '16384 4096 1000 100\n1 4096 1000 900' '16384 4096 1000 99' '0 4096 0 0'; do
    AWS_NODE_ID=old FAILURE_REASON='' SIGNALS=''
    end_container() { SIGNALS+="$1 "; }
    refute repair_restart_aws_node
    [ "$AWS_NODE_ID $SIGNALS$CHANGED" = 'old false' ]
    [ "$FAILURE_REASON ${FAILURE_FACTS[*]}" = 'DiskFull failedStep restart-aws-node' ]
  done
  for lines in '16384 4096 1000 100' '16384 4096 0 0' '90000000000 4096 1000000000 900000000'; do
    disk_has_room
  done
}
