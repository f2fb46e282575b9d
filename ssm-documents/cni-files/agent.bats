#!/usr/bin/env bats
# aws-node, other agents and NetworkReady, from the output of ctr, docker and the kernel.
# shellcheck disable=SC1091,SC2016,SC2059,SC2086,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/agent.sh"
  have curl
  CONF_DIR=$BATS_TEST_TMPDIR/net.d NET_TABLES=$BATS_TEST_TMPDIR/tables
  mkdir "$CONF_DIR"
  CONTAINERS='' RUNNING='' CODE=0
  capture() { fake_tools "$@"; }
}

# containerd and docker, with the containers CONTAINERS (`name id [namespace]`, a line each), of which RUNNING run.
fake_tools() {
  local name='' id line namespace wanted='' all="$*"
  RC=$CODE OUT='' ERR=''
  case $all in
    *' containers ls '* | *'ps --all '*)
      [[ ! $all =~ container\.name\"?={1,2}\"?([a-z-]+) ]] || name=${BASH_REMATCH[1]}
      [[ ! $all =~ pod\.namespace\"?={1,2}\"?([a-z-]+) ]] || wanted=${BASH_REMATCH[1]}
      ;;
    *' tasks ls') printf -v OUT 'TASK PID STATUS\n%bother 13 STOPPED\n' "${RUNNING// / 12 RUNNING\\n} 12 RUNNING\n" ;;
    *'docker ps --quiet --no-trunc') OUT=${RUNNING// /$'\n'}$'\n' ;;
  esac
  while read -r line id namespace; do
    [[ -z $name || $line != "$name" || -n $wanted && $wanted != "${namespace:-kube-system}" ]] || OUT+=$id$'\n'
  done < <(printf '%s\n' "$CONTAINERS")
  printf '%s' "$OUT" > "$WORK/out"
}

@test "finds aws-node's container, the running one of several, by containerd and by docker" {
  for ON_DOCKER in false true; do
    CONTAINERS='' RUNNING=c2
    find_aws_node
    [ "$AWS_NODE" = absent ]
    CONTAINERS=$'aws-node c1\naws-node c2\nbridge c3'
    find_aws_node
    [ "$AWS_NODE $AWS_NODE_ID" = 'running c2' ]
    RUNNING=c3
    find_aws_node
    [ "$AWS_NODE$AWS_NODE_ID" = stopped ]
  done
  CODE=1
  find_aws_node
  [ "$AWS_NODE" = unknown ]
}

@test "takes no container of another namespace for aws-node, and none where several run" {
  for ON_DOCKER in false true; do
    CONTAINERS='aws-node c1 team-evil' RUNNING=c1
    find_aws_node
    [ "$AWS_NODE$AWS_NODE_ID" = absent ]
    CONTAINERS=$'aws-node c1 team-evil\naws-node c2' RUNNING='c1 c2'
    find_aws_node
    [ "$AWS_NODE $AWS_NODE_ID" = 'running c2' ]
    CONTAINERS=$'aws-node c1\naws-node c2' RUNNING='c1 c2'
    find_aws_node
    [ "$AWS_NODE$AWS_NODE_ID" = several ]
  done
}

@test "detects ipamd by its port up to v1.22 and by its socket from v1.23 on, and no other process" {
  while IFS='|' read -r wanted row; do
    printf '%s\n' "$row" > "$NET_TABLES"
    look_at_ipamd
    [ "$IPAMD" = "$wanted" ] || { printf '%s\n' "$row" && return 1; }
  done < <(printf '%s\n' \
    'up|   3: 0100007F:C383 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 30313 1 0' \
    'up|0000000000000000: 00000002 00000000 00010000 0001 01 41822 /var/run/aws-node/ipamd.sock' \
    'down|   3: 0100007F:C383 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 30313 1 0' \
    'down|   3: 0100007F:9C40 0100007F:C383 01 00000000:00000000 00:00000000 00000000     0        0 30313 1 0' \
    'down|0000000000000000: 00000003 00000000 00000000 0001 03 41822 /var/run/aws-node/ipamd.sock' \
    'down|0000000000000000: 00000002 00000000 00010000 0001 01 41822 /run/containerd/containerd.sock')
  CODE=124
  printf '%s\n' '0: 0100007F:C383 00000000:0000 0A ' > "$NET_TABLES"
  look_at_ipamd
  [ "$IPAMD" = silent ]
}

# of_types TYPE...: a configuration that comes before aws-node's.
of_types() {
  CONFIG=$CONF_DIR/05-own.conflist TYPES=" $* "
}

@test "treats a configuration as a leftover only where aws-node runs and the other CNI has no agent" {
  : > "$CONF_DIR/10-aws.conflist"
  CONTAINERS='aws-node c1' RUNNING=c1
  for types in cilium-cni calico 'bridge portmap' 'flannel portmap'; do
    of_types $types
    is_leftover
  done
  # Chained with aws-node's plugin, by Multus, or from a CNI that is not listed.
  for types in 'aws-cni egress-cni portmap cilium-cni' multus multus-shim 'own-cni portmap' 'bridge own-chained'; do
    of_types $types
    refute is_leftover
  done
  of_types cilium-cni
  # Its namespace may be any.
  CONTAINERS+=$'\ncilium-agent c2 cilium'
  refute is_leftover
  CONTAINERS='aws-node c1 team-evil'
  refute is_leftover
  CONTAINERS='aws-node c1' RUNNING=none
  refute is_leftover
  RUNNING=c1 MAX_CONFIGS=0
  refute is_leftover
  MAX_CONFIGS=1
  rm "$CONF_DIR/10-aws.conflist"
  refute is_leftover
  : > "$CONF_DIR/10-aws.conflist.cilium_bak"
  is_leftover
}

@test "waits for a node that has only just started" {
  CONTAINERD_SOCKET=$BATS_TEST_TMPDIR/socket
  : > "$CONTAINERD_SOCKET"
  is_settling
  touch -d '5 minutes ago' "$CONTAINERD_SOCKET"
  refute is_settling
  rm "$CONTAINERD_SOCKET"
  refute is_settling
}

@test "distinguishes a missing sandbox image from a containerd that does not respond" {
  CONFIGURED_IMAGE=localhost/kubernetes/pause
  sandbox_image_is_missing
  CODE=1
  refute sandbox_image_is_missing
  CODE=0
  capture() { RC=0 OUT=localhost/kubernetes/pause:latest; }
  image_is_usable() { [ "$1" = localhost/kubernetes/pause:latest ]; }
  refute sandbox_image_is_missing
  image_is_usable() { return 1; }
  sandbox_image_is_missing
}
