#!/usr/bin/env bats
# What pause-image decides by.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/test/load.sh"
  load_script "$BATS_TEST_DIRNAME/state.sh"
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

@test "knows which containerd wants the untagged name too" {
  CONFIGURED_IMAGE=localhost/kubernetes/pause IMAGE=localhost/kubernetes/pause:latest
  for CONTAINERD_VERSION in 2.3.0 2.3.4 2.10.0 3.0.0; do needs_second_name; done
  for CONTAINERD_VERSION in 1.6.20 1.7.27 2.0.1 2.2.4; do run ! needs_second_name; done
  CONTAINERD_VERSION=2.3.0 CONFIGURED_IMAGE=$IMAGE
  run ! needs_second_name
}

@test "knows the sandbox image of a silent configuration" {
  for pair in 1.6.20=3.6 1.7.2=3.8 2.0.1=3.10 2.1.4=3.10 2.2.1=3.10.1 2.3.0=3.10.2; do
    default_image "${pair%=*}"
    [ "$REPLY" = "registry.k8s.io/pause:${pair#*=}" ]
  done
}

@test "finds what is wrong with the image, and whether a pin would help" {
  IMAGE_STATE=absent
  fault
  [ "$REASON_FOUND" = SandboxImageMissing ]
  IMAGE_STATE=incomplete
  fault
  [ "$REASON_FOUND" = SandboxImageIncomplete ]
  IMAGE_STATE=ready IMAGE_PINNED=false PIN_SUPPORT=yes GC_HIGH_PERCENT=85
  fault
  [ "$REASON_FOUND" = SandboxImageUnpinned ]
  PIN_SUPPORT=none
  run ! fault
  PIN_SUPPORT=restart
  run ! fault
  PIN_SUPPORT=yes IMAGE_PINNED=true
  run ! fault
}

@test "foresees that the fault comes back without a pin or with a full disk" {
  GC_HIGH_PERCENT=85 DISK_PERCENT=84 PIN_SUPPORT=yes
  may_recur && [ "$REPLY" = false ]
  DISK_PERCENT=85
  may_recur && [ "$REPLY" = true ]
  DISK_PERCENT=10 PIN_SUPPORT=none
  may_recur && [ "$REPLY" = true ]
}

@test "names the cause: a full disk, then the journal, then another image of kubelet's, then the missing pin" {
  journal_shows_gc() { false; }
  IMAGE=$WANTED CONFIGURED_IMAGE=$WANTED IMAGE_STATE=absent GC_HIGH_PERCENT=85 DISK_PERCENT=50 PIN_SUPPORT=yes
  find_cause
  [ -z "$CAUSE" ]
  PIN_SUPPORT=none
  find_cause
  [ "$CAUSE" = PinningUnsupported ]
  KUBELET_SANDBOX_IMAGE=registry.k8s.io/pause:3.5
  find_cause
  [ "$CAUSE" = SandboxImageMismatch ]
  journal_shows_gc() { true; }
  find_cause
  [ "$CAUSE" = ImageGCPressure ]
  journal_shows_gc() { false; }
  DISK_PERCENT=85
  find_cause
  [ "$CAUSE" = ImageGCPressure ]
}
