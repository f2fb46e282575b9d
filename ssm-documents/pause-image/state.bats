#!/usr/bin/env bats
# The state on which pause-image bases its decisions.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_PAUSE_TAR=$BATS_TEST_TMPDIR/pause.tar
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/state.sh"
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

@test "detects which containerd also looks up the untagged name" {
  CONFIGURED_IMAGE=localhost/kubernetes/pause IMAGE=localhost/kubernetes/pause:latest
  for CONTAINERD_VERSION in 2.3.0 2.3.3; do needs_second_name; done
  for CONTAINERD_VERSION in 1.6.20 1.7.27 2.0.1 2.2.4 2.3.4 2.3.10 2.10.0 3.0.0; do run ! needs_second_name; done
  CONTAINERD_VERSION=2.3.0 CONFIGURED_IMAGE=$IMAGE
  run ! needs_second_name
}

@test "uses the default sandbox image where the configuration names none" {
  for pair in 1.6.20=3.6 1.7.2=3.8 2.0.1=3.10 2.1.4=3.10 2.2.1=3.10.1 2.3.0=3.10.2; do
    default_image "${pair%=*}"
    [ "$REPLY" = "registry.k8s.io/pause:${pair#*=}" ]
  done
}

@test "finds the fault of the image, and whether a pin would repair it" {
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

@test "compares an image of localhost/ with the digest in the local copy, where root alone controls it" {
  PAUSE_TAR_DIGEST=sha256:$(printf '%064d' 7)
  local_copy() {
    head -c 100000 /dev/urandom > "$WORK/layer"
    printf '{"manifests":[{"digest":"%s","annotations":{"io.containerd.image.name":"%s"}}]}' "$PAUSE_TAR_DIGEST" "$1" > "$WORK/index.json"
    tar --create --file "$FLEETMEND_PAUSE_TAR" --directory "$WORK" layer index.json
  }
  trusted_path() { [[ $TRUSTED == true ]]; }
  IMAGE=localhost/kubernetes/pause:latest DIGEST=$PAUSE_TAR_DIGEST TRUSTED=true
  local_copy "$IMAGE"
  refute differs_from_local_copy
  DIGEST=sha256:$(printf '%064d' 8)
  differs_from_local_copy
  [ "$EVIDENCE" = '"localCopy":"'"$PAUSE_TAR"'","foreignDigest":"'"$DIGEST"'"' ]
  TRUSTED=false
  refute differs_from_local_copy
  TRUSTED=true IMAGE=registry.k8s.io/pause:3.10
  refute differs_from_local_copy
  # A file of another image, or that is no archive, says nothing about this one.
  IMAGE=localhost/kubernetes/pause:latest
  local_copy localhost/other:latest
  refute differs_from_local_copy
  printf 'x' > "$FLEETMEND_PAUSE_TAR"
  refute differs_from_local_copy
  rm "$FLEETMEND_PAUSE_TAR"
  refute differs_from_local_copy
  IMAGE_STATE=replaced
  fault
  [ "$REASON_FOUND" = SandboxImageReplaced ]
}

@test "predicts that the fault recurs without a pin, and not with one on a full disk" {
  GC_HIGH_PERCENT=85 DISK_PERCENT=84 PIN_SUPPORT=yes IMAGE_PINNED=true
  may_recur && [ "$REPLY" = false ]
  DISK_PERCENT=85
  may_recur && [ "$REPLY" = false ]
  IMAGE_PINNED=false
  may_recur && [ "$REPLY" = true ]
  DISK_PERCENT=10 PIN_SUPPORT=none IMAGE_PINNED=true
  may_recur && [ "$REPLY" = true ]
}

# cause: find_cause, and what the journal shows at the end.
cause() {
  EVIDENCE='' FACTS=() JOURNAL_PID=''
  find_cause
  take_journal
}

@test "names the cause: a full disk, then the journal, then another image of kubelet's, then age, then the missing pin" {
  journal_shows_gc() { false; }
  IMAGE=$WANTED CONFIGURED_IMAGE=$WANTED IMAGE_STATE=absent GC_HIGH_PERCENT=85 DISK_PERCENT=50 PIN_SUPPORT=yes
  cause
  [ -z "$CAUSE" ]
  PIN_SUPPORT=none
  cause
  [ "$CAUSE" = PinningUnsupported ]
  GC_MAX_AGE=168h0m0s
  cause
  [ "$CAUSE" = ImageGCPressure ]
  KUBELET_SPARES_ANOTHER=true
  cause
  [ "$CAUSE" = SandboxImageMismatch ]
  journal_shows_gc() { REPLY='2026-11-30T10:00:00+0000 host kubelet[7]: image filesystem is over the high threshold'; }
  cause
  [ "$CAUSE $EVIDENCE" = 'ImageGCPressure "imageGCAt":"2026-11-30T10:00:00+0000"' ]
  IMAGE_STATE=ready
  cause
  [ "$CAUSE" = SandboxImageMismatch ]
  IMAGE_STATE=absent
  journal_shows_gc() { false; }
  DISK_PERCENT=85
  cause
  [ "$CAUSE" = ImageGCPressure ]
}

@test "does not report age as the cause where the image is present and pinned" {
  IMAGE_STATE=ready PIN_SUPPORT=yes GC_HIGH_PERCENT=85 DISK_PERCENT=50 GC_MAX_AGE=168h0m0s
  find_cause
  [ -z "$CAUSE" ]
}

# compare VERSION: compare_images with a kubelet of that minor version.
compare() {
  EVIDENCE='' minor=$1
  kubelet_minor() { REPLY=$minor; }
  compare_images
}

@test "considers the image of kubelet's flag only where kubelet does: up to 1.28, and without an effective pin" {
  IMAGE=$WANTED CONFIGURED_IMAGE=$WANTED KUBELET_SANDBOX_IMAGE=registry.k8s.io/pause:3.5
  IMAGE_STATE=ready IMAGE_PINNED=true PIN_SUPPORT=none
  for minor in 23 28 ''; do
    compare "$minor"
    [ "$KUBELET_SPARES_ANOTHER $EVIDENCE" = 'true "kubeletImage":"registry.k8s.io/pause:3.5","configuredImage":"'"$WANTED"'"' ]
  done
  for minor in 29 34; do
    compare "$minor"
    [ "$KUBELET_SPARES_ANOTHER $EVIDENCE" = 'false "kubeletImage":"registry.k8s.io/pause:3.5","configuredImage":"'"$WANTED"'"' ]
  done
  PIN_SUPPORT=yes
  compare 27
  [ "$KUBELET_SPARES_ANOTHER" = false ]
  IMAGE_PINNED=false
  compare 27
  [ "$KUBELET_SPARES_ANOTHER" = true ]
  KUBELET_SANDBOX_IMAGE=$WANTED
  compare 27
  [ "$KUBELET_SPARES_ANOTHER$EVIDENCE" = false ]
}

@test "treats the name without a tag as the same image" {
  CONFIGURED_IMAGE=localhost/kubernetes/pause IMAGE=localhost/kubernetes/pause:latest PIN_SUPPORT=none
  for KUBELET_SANDBOX_IMAGE in '' localhost/kubernetes/pause localhost/kubernetes/pause:latest; do
    compare 28
    [ "$KUBELET_SPARES_ANOTHER" = false ]
  done
}

@test "reports an image that kubelet will delete as a fault without a repair" {
  IMAGE_STATE=ready IMAGE_PINNED=true PIN_SUPPORT=none KUBELET_SPARES_ANOTHER=true GC_HIGH_PERCENT=85
  CONFIGURED_IMAGE=$WANTED KUBELET_SANDBOX_IMAGE=registry.k8s.io/pause:3.5 CONTAINERD_VERSION=1.6.20
  fault
  [ "$REASON_FOUND" = SandboxImageMismatch ]
  refute fault_is_repairable
  IMAGE_STATE=absent
  fault
  fault_is_repairable
  IMAGE_STATE=ready PIN_SUPPORT=yes
  refute fault
}

@test "reports that only the name without a tag is missing" {
  IMAGE_STATE=absent LACKS_SECOND_NAME=true CONTAINERD_VERSION=2.3.0 CONFIGURED_IMAGE=localhost/kubernetes/pause
  fault
  [ "$REASON_FOUND $EVIDENCE" = 'SandboxImageMissing "missingName":"localhost/kubernetes/pause"' ]
}

# diagnose_node: diagnose, on a node whose containerd and kubelet the variables describe.
diagnose_node() {
  ask_cri() { CRI_STATE=${SEEN_CRI:-ready} CRI_ERROR=words CRI_VERSION=$CONTAINERD_VERSION; }
  find_services() { KUBELET_UNIT=${SEEN_UNIT-kubelet.service} KUBELET_STATE=${KUBELET_STATE:-active}; }
  read_kubelet() { GC_HIGH_PERCENT=85; }
  refuse_foreign_platforms() { :; }
  read_containerd() { CONTAINERD_ROOT=/ SNAPSHOTTER=overlayfs; }
  read_image_state() { IMAGE_STATE=ready IMAGE_PINNED=true; }
  read_disk() { DISK_PERCENT=10; }
  diagnose
}

@test "uses containerd's default where its configuration names no image, and accepts only a valid reference" {
  CONTAINERD_VERSION=2.1.4 CONFIGURED_IMAGE=''
  diagnose_node
  [ "$IMAGE" = registry.k8s.io/pause:3.10 ]
  CONFIGURED_IMAGE='a b; rm -rf /'
  run -2 show_ending diagnose_node
  [[ $output == 'Unknown ConfigUnreadable||'*'"configuredImage":"a b; rm -rf /"' ]]
}

@test "does not apply to a containerd whose CRI plugin is disabled, as on nodes with Docker" {
  CONTAINERD_VERSION=1.7.27 CRI_DISABLED=true SEEN_UNIT=''
  run -1 show_ending diagnose_node
  [[ $output == 'Unsupported RuntimeNotContainerd||'*'"criPlugin":"disabled"' ]]
}

@test "ends where containerd does not serve kubelet, with containerd's own words" {
  CONTAINERD_VERSION=1.7.27 CRI_DISABLED=true SEEN_CRI=unimplemented
  newest_line() { return 1; }
  run -1 show_ending diagnose_node
  [[ $output == 'Broken CRINotServed|words|'*'"criPlugin":"disabled","socket":"/run/containerd/containerd.sock","criState":"unimplemented","containerd":"1.7.27"' ]]
  newest_line() { REPLY='time="t" level=warning msg="failed to load plugin io.containerd.grpc.v1.cri" error="bad"'; }
  for SEEN_CRI in unimplemented foreign not-ready; do
    run -1 show_ending diagnose_node
    [[ $output == 'Broken CRINotServed|"failed to load plugin io.containerd.grpc.v1.cri" error="bad"|'* ]]
  done
  ACTION=repair
  run -1 show_ending diagnose_node
  [[ $output == 'NotRepaired CRINotServed|'* ]]
  ACTION=check
  for SEEN_CRI in down silent; do
    run -2 show_ending diagnose_node
    [[ $output == 'Unknown RuntimeDown|words|'* ]]
  done
}

@test "reports that kubelet is down, and the age at which it deletes images" {
  CONTAINERD_VERSION=1.7.27 CONFIGURED_IMAGE=$WANTED KUBELET_STATE=inactive GC_MAX_AGE=12h
  diagnose_node
  [[ $EVIDENCE == *'"imageMaximumGCAge":"12h"'*'"kubelet":"inactive","stoppedUnit":"kubelet.service"'* ]]
}

@test "reads an image that a method has brought from one list, and its labels only in the first look" {
  local digest
  digest=sha256:$(printf '%064d' 1)
  asked=''
  ctr_k8s() {
    asked+="$3 "
    RC=0 ERR=''
    case $3 in
      ls) OUT="REF TYPE DIGEST SIZE PLATFORMS LABELS"$'\n'"$IMAGE type $digest 1 KiB linux/amd64 io.cri-containerd.pinned=pinned" ;;
      check) OUT="REF TYPE DIGEST STATUS SIZE UNPACKED"$'\n'"$IMAGE type $digest $STATUS" ;;
    esac
    printf '%s\n' "$OUT" > "$WORK/out"
  }
  needs_second_name() { return 1; }
  IMAGE=$WANTED STATUS='complete (2/2) 1 B/1 B true'
  image_is_ready
  [ "$asked|$IMAGE_STATE|$DIGEST" = "check |ready|$digest" ]
  asked=''
  read_image_state
  [ "$asked|$IMAGE_STATE|$DIGEST|$IMAGE_PINNED" = "ls check |ready|$digest|true" ]
  STATUS='incomplete (1/2) 1 B/2 B false'
  refute image_is_ready
  [ "$IMAGE_STATE" = incomplete ]
}

@test "ends where the runtime prints no list of images" {
  ctr_k8s() { RC=1 OUT='' ERR='ctr: connection refused'; }
  IMAGE=$WANTED
  run -2 show_ending read_image_state
  [[ $output == 'Unknown RuntimeDown|ctr: connection refused|'* ]]
  ACTION=repair
  run -1 show_ending image_is_ready
  [[ $output == 'NotRepaired RuntimeDown|ctr: connection refused|'* ]]
}
