#!/usr/bin/env bats
# The fault, the step that repairs it, and the evidence.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/fault.sh"
  BIN=$BATS_TEST_TMPDIR/bin CONF_DIR=$BATS_TEST_TMPDIR/net.d
  mkdir "$BIN" "$CONF_DIR"
  BIN_DIRS=("$BIN")
  CILIUM_RUNS=false SEEN_IPAMD=up SEEN_NETWORK=true SEEN_AWS_NODE=running
  find_aws_node() { AWS_NODE=$SEEN_AWS_NODE AWS_NODE_ID=c1; }
  state_of() {
    REPLY=absent
    [[ $CILIUM_RUNS == false ]] || REPLY=running
  }
  look_at_ipamd() { IPAMD=$SEEN_IPAMD; }
  ask_runtime() { NETWORK_READY=$SEEN_NETWORK CRI_STATE=ready; }
  containers_of() {
    IDS=' '
    [[ $CILIUM_RUNS == false ]] || IDS=' c9 '
  }
  bounded() { [[ $2 == sleep ]] || "${@:2}"; }
  for name in aws-cni portmap loopback cilium-cni; do
    printf '#!/bin/sh\n' > "$BIN/$name"
    chmod 755 "$BIN/$name"
  done
  config 10-aws.conflist aws-cni portmap
}

# config FILE TYPE...
config() {
  local plugins
  printf -v plugins '{"type":"%s"},' "${@:2}"
  printf '{"cniVersion":"0.4.0","name":"n","plugins":[%s]}' "${plugins%,}" > "$CONF_DIR/$1"
}

# finds REASON REPAIR_STEP: judge must find this reason and step.
finds() {
  judge
  [ "$REASON_FOUND $REPAIR_STEP" = "$1 $2" ] || { printf '%s %s\n' "$REASON_FOUND" "$REPAIR_STEP" && return 1; }
}

@test "finds no fault on a node with aws-node, nor on a node with another CNI" {
  refute judge
  config 05-cilium.conflist cilium-cni
  CILIUM_RUNS=true SEEN_IPAMD=down
  refute judge
}

@test "reports the agent of the CNI that comes first, where it does not run" {
  config 05-cilium.conflist cilium-cni
  SEEN_AWS_NODE=absent
  finds CNIAgentMissing ''
  say_fault
  [ "$EVIDENCE" = '"repairStep":"none","missingAgent":"cilium-agent","agentState":"absent"' ]
  cp "$BIN/cilium-cni" "$BIN/multus"
  config 00-multus.conflist multus
  SEEN_AWS_NODE=running
  finds CNIAgentMissing ''
  [ "$MISSING_AGENT" = kube-multus ]
  cp "$BIN/cilium-cni" "$BIN/own-cni"
  config 00-a.conflist own-cni
  refute judge
}

@test "never takes a network for ready that nobody has seen ready" {
  SEEN_NETWORK=unknown
  while read -r CRI words; do
    CRI_STATE=$CRI ON_DOCKER=false KUBELET_ENDPOINT=unix:///run/x.sock
    ask_runtime() { NETWORK_READY=unknown CRI_STATE=$CRI; }
    forget_evidence
    finds CNINotReady ''
    run show_ending refuse_blocked
    [[ $output == *"$words"* ]] || { printf '%s: %s\n' "$CRI" "$output" && return 1; }
  done < <(printf '%s\n' 'unimplemented "blockedBy":"pause-image (CRINotServed)"' 'foreign "blockedBy":"pause-image (CRINotServed)"' \
    'down Unknown RuntimeDown' 'silent Unknown RuntimeDown' 'unasked Unknown ToolMissing||"tool":"curl"')
}

@test "does not judge a configuration that it cannot read" {
  head -c 70000 /dev/zero | tr '\0' ' ' > "$CONF_DIR/00-large.conf"
  finds CNIConfigInvalid ''
  run -2 show_ending refuse_blocked
  [[ $output == 'Unknown CNIConfigInvalid|it has more than 65536 bytes|"configProblem":"unread"'* ]]
}

@test "restarts aws-node for a file that aws-node itself writes, and only where it runs" {
  rm "$CONF_DIR"/*
  finds CNIConfigMissing restart-aws-node
  SEEN_AWS_NODE=stopped
  finds CNIConfigMissing ''
  SEEN_AWS_NODE=running
  printf '{' > "$CONF_DIR/10-aws.conflist"
  finds CNIConfigInvalid restart-aws-node
  printf '{' > "$CONF_DIR/00-own.conflist"
  finds CNIConfigInvalid ''
}

@test "does not repair plugins that only a new pod installs" {
  rm "$BIN/aws-cni"
  finds CNIBinaryMissing restart-aws-node
  rm "$BIN/portmap"
  finds CNIBinaryMissing ''
  say_fault
  [ "$EVIDENCE" = "\"repairStep\":\"none\",\"binDirs\":\"$BIN\",\"missingPlugins\":\"aws-cni portmap\",\"pluginAgent\":\"aws-node\"" ]
}

@test "sets the execute bit, but not on a program that cannot run with it" {
  chmod a-x "$BIN/portmap"
  finds CNIBinaryInvalid set-mode
  : > "$BIN/loopback"
  finds CNIBinaryInvalid ''
}

@test "moves a leftover aside, but none by which the network is ready" {
  config 05-cilium.conflist cilium-cni
  finds CNIConfigConflict ''
  SEEN_NETWORK=unknown
  finds CNIConfigConflict ''
  SEEN_NETWORK=false
  finds CNIConfigConflict move-aside
  SEEN_NETWORK=true
  rm "$BIN/cilium-cni"
  finds CNIConfigConflict move-aside
}

@test "distinguishes an ipamd that is down from a runtime that no longer watches its folder" {
  SEEN_IPAMD=silent
  finds CNINotReady restart-aws-node
  SEEN_IPAMD=up SEEN_NETWORK=false
  finds CNINotReady ''
  say_fault
  [ "$EVIDENCE" = '"repairStep":"none"' ]
}

@test "is blocked by an earlier remediation that must repair the cause" {
  finish() { printf '%s %s %s\n' "$SKIP_REASON" "$1" "$EVIDENCE" && exit 0; }
  say_evidence() { :; }
  sandbox_image_is_missing() { return 0; }
  REASON_FOUND=CNIConfigMissing AWS_NODE=stopped
  run refuse_blocked
  [ "$output" = 'BlockedBy Skipped "blockedBy":"pause-image (SandboxImageMissing)"' ]
  AWS_NODE=running
  run refuse_blocked
  [ -z "$output" ]
  ON_DOCKER=true CRI_DOCKERD_PID=12 KUBELET_ENDPOINT=unix:///run/cri-dockerd.sock
  run refuse_blocked
  [ -z "$output" ]
  WITHOUT_CNI=true
  run refuse_blocked
  [[ $output == *'cri-dockerd (CRIDockerdNoCNI)'* ]]
  CRI_DOCKERD_PID=''
  run refuse_blocked
  [[ $output == *'cri-dockerd (CRIDockerdDown)'* ]]
}

@test "reports the last error in ipamd's log, and no other line" {
  IPAMD_LOG=$BATS_TEST_TMPDIR/ipamd.log IPAMD=down REASON_FOUND=CNINotReady
  printf '%s\n' '{"level":"error","ts":"t","msg":"first"}' '{"level":"error","ts":"t","caller":"c","msg":"Unable to reach API Server"}' \
    '{"level":"info","msg":"later"}' > "$IPAMD_LOG"
  say_evidence
  [[ $EVIDENCE == *'"ipamdLog":"Unable to reach API Server"'* ]]
}
