#!/usr/bin/env bats
# The methods of pause-image, in their order.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  # The script reads this once, when it is loaded.
  export FLEETMEND_PAUSE_TAR=$BATS_TEST_TMPDIR/pause.tar
  : > "$FLEETMEND_PAUSE_TAR"
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/script.sh"
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

@test "has a mirror by digest for every tag" {
  for tag in 3.5 3.5-eksbuild.1 v3.9 3.10 3.10.1 latest ''; do
    mirror_of "$tag"
    [[ $REPLY =~ ^registry\.k8s\.io/pause@sha256:[0-9a-f]{64}$ ]]
  done
  mirror_of 3.10.1 && [[ $REPLY == *278fb9db* ]]
  mirror_of 3.10 && [[ $REPLY == *ee6521f2* ]]
  mirror_of 3.5-eksbuild.1 && [[ $REPLY == *1ff6c18f* ]]
}

@test "tries the cheapest method first, and stops at the first that works" {
  tried=''
  for method in import tag unit ecr fetch mirror; do
    source /dev/stdin < <(printf 'method_%s() { tried+="%s "; [[ %s == ecr ]]; }\n' "$method" "$method" "$method")
  done
  needs_second_name() { return 1; }
  image_is_ready() { return 0; }
  restore_image
  [ "$tried$METHOD" = 'import tag ecr ecr' ]
}

@test "continues when a method succeeds and the image is still not usable" {
  method_import() { return 0; }
  method_tag() { return 0; }
  for method in unit ecr fetch mirror; do unset -f "method_$method"; done
  needs_second_name() { return 1; }
  ready=0
  image_is_ready() {
    ready=$((ready + 1))
    ((ready > 1))
  }
  restore_image
  [ "$METHOD" = tag ]
}

@test "starts no method that cannot end in time" {
  method_import() { return 0; }
  image_is_ready() { return 0; }
  needs_second_name() { return 1; }
  BUDGET_SECONDS=10
  refute restore_image
}

@test "imports no file for an image of another repository" {
  : > "$WORK/pause.tar"
  IMAGE=$WANTED SNAPSHOTTER=overlayfs
  refute method_import
  [ "$CHANGED$FAILURE_REASON" = false ]
}

@test "imports no file that other users can write, and reports that" {
  chmod 666 "$PAUSE_TAR"
  IMAGE=localhost/kubernetes/pause:latest SNAPSHOTTER=overlayfs
  refute method_import
  [ "$CHANGED $FAILURE_REASON" = 'false LocalCopyUntrusted' ]
}

@test "tags only complete images from EKS's own registries for this platform" {
  IMAGE=$WANTED
  read_platform() { REPLY=arm64; }
  needs_second_name() { return 1; }
  ctr_k8s() {
    RC=0
    printf '%s\n' 'REF TYPE DIGEST SIZE PLATFORMS LABELS' \
      "evil.example/eks/pause:3.5 t sha256:1 1.0 KiB linux/arm64 -" \
      "961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause:3.5 t sha256:2 1.0 KiB linux/amd64 -" \
      "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5 t sha256:3 1.0 KiB linux/amd64,linux/arm64/v8 -" > "$WORK/out"
  }
  image_is_usable() { return 0; }
  tag_image() { tagged=$1; }
  method_tag
  [ "$tagged" = 602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5 ]
  image_is_usable() { return 1; }
  refute method_tag
}

@test "names in a check the method that needs no registry, if there is one" {
  CONTAINERD_ROOT=/var/lib/containerd GC_HIGH_PERCENT=85 DISK_PERCENT=50 PIN_SUPPORT=yes
  take_lock() { :; }
  diagnose() { :; }
  find_tag_source() { [[ -n ${TAG_SOURCE-} ]]; }
  finish() {
    printf '%s %s\n' "$2" "${METHOD:-none}"
    exit 0
  }
  IMAGE=$WANTED IMAGE_STATE=absent
  run check
  [ "$output" = 'SandboxImageMissing none' ]
  TAG_SOURCE=yes run check
  [ "$output" = 'SandboxImageMissing tag' ]
  LACKS_SECOND_NAME=true run check
  [ "$output" = 'SandboxImageMissing tag' ]
  IMAGE_STATE=incomplete IMAGE=localhost/kubernetes/pause:latest run check
  [ "$output" = 'SandboxImageIncomplete import' ]
  IMAGE_STATE=ready IMAGE_PINNED=false run check
  [ "$output" = 'SandboxImageUnpinned pin' ]
  rm "$FLEETMEND_PAUSE_TAR"
  IMAGE=localhost/kubernetes/pause:latest run check
  [ "$output" = 'SandboxImageMissing none' ]
}

# repair_of: repairs a node with the fault that the variables describe, with methods and a test container that do nothing.
# Prints the outcome, whether the fault may recur, and the evidence.
repair_of() {
  take_lock() { :; }
  remove_leftovers() { :; }
  diagnose() { :; }
  restore_image() { METHOD=ecr; }
  # As the list of images shows it then.
  keep_image() { IMAGE_PINNED=true; }
  start_test_container() { :; }
  finish() {
    printf '%s %s recurs:%s %s\n' "$1" "$2" "${WILL_RECUR:--}" "$EVIDENCE"
    exit 0
  }
  ACTION=repair
  run --separate-stderr repair
}

@test "repairs, and reports whether the fault may recur" {
  GC_HIGH_PERCENT=85 IMAGE_STATE=absent PIN_SUPPORT=yes DISK_PERCENT=50
  repair_of
  [ "$output" = 'Repaired SandboxImageMissing recurs:false "pinLabel":true' ]
  PIN_SUPPORT=none
  repair_of
  [[ $output == 'Repaired SandboxImageMissing recurs:true '* ]]
  PIN_SUPPORT=yes DISK_PERCENT=93
  repair_of
  [[ $output == 'Repaired SandboxImageMissing recurs:false '* ]]
}

@test "changes nothing on a node where only the user data is invalid, and reports that" {
  IMAGE_STATE=ready IMAGE_PINNED=true PIN_SUPPORT=none KUBELET_SPARES_ANOTHER=true CONFIGURED_IMAGE=$WANTED
  KUBELET_SANDBOX_IMAGE=registry.k8s.io/pause:3.5
  repair_of
  [ "$output" = 'NotRepaired SandboxImageMismatch recurs:- "changed":false' ]
}

@test "reports whether a healthy image may be deleted" {
  GC_HIGH_PERCENT=85 DISK_PERCENT=91 PIN_SUPPORT=none IMAGE_PINNED=true
  finish() { printf '%s %s' "$1" "$WILL_RECUR"; }
  run finish_healthy
  [ "$output" = 'Healthy true' ]
  PIN_SUPPORT=yes
  run finish_healthy
  [ "$output" = 'Healthy false' ]
}

@test "imports with the SOCI snapshotter without a registry, and with the options of an older ctr" {
  IMAGE=localhost/kubernetes/pause:latest SNAPSHOTTER=soci
  trusted_path() { return 0; }
  image_is_usable() { return 0; }
  ctr_k8s() {
    shift
    asked+="$*;"
    RC=0 ERR=''
    [[ $* != *--local* || -z ${OLD-} ]] || RC=1 ERR='flag provided but not defined: -local'
  }
  asked=''
  method_import
  [ "$asked" = "images import --snapshotter soci --discard-unpacked-layers=false --local $PAUSE_TAR;" ]
  asked='' OLD=yes
  method_import
  [ "$asked" = "images import --snapshotter soci --discard-unpacked-layers=false --local $PAUSE_TAR;images import --snapshotter soci $PAUSE_TAR;" ]
}

@test "reports a full disk where the import, the tag or the pin fails because of it" {
  IMAGE=localhost/kubernetes/pause:latest SNAPSHOTTER=overlayfs
  trusted_path() { return 0; }
  ctr_k8s() { RC=1 ERR='ctr: write /var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db: no space left on device' OUT=''; }
  refute method_import
  [ "$FAILURE_REASON" = DiskFull ]
  FAILURE_REASON=''
  refute tag_image a b
  [ "$FAILURE_REASON" = DiskFull ]
  FAILURE_REASON=RegistryDenied
  : > "$WORK/out"
  run pin_image "$IMAGE"
  [ "$status" -eq 1 ]
  [[ $output == *'NotRepaired DiskFull: ctr: write '* ]]
}

@test "pins the names that the CRI gives the image once it has it, from the list by which it has waited" {
  local digest other
  digest=sha256:$(printf '%064d' 1) other=sha256:$(printf '%064d' 2)
  IMAGE=$WANTED CONFIGURED_IMAGE=$WANTED CONTAINERD_VERSION=1.7.27 DIGEST=$digest asked='' looks=0
  ctr_k8s() {
    RC=0 ERR='' OUT=''
    asked+="${*:3};"
    [[ $3 == ls ]] || return 0
    looks=$((looks + 1))
    printf '%s\n' 'REF TYPE DIGEST SIZE PLATFORMS LABELS' > "$WORK/out"
    if ((looks == 1)); then
      printf '%s\n' "$IMAGE type $digest 1 KiB linux/amd64 io.cri-containerd.pinned=pinned" >> "$WORK/out"
    else
      printf '%s\n' "$IMAGE type $digest 1 KiB linux/amd64 io.cri-containerd.image=managed,io.cri-containerd.pinned=pinned" \
        "$other type $digest 1 KiB linux/amd64 io.cri-containerd.image=managed" \
        "registry.example/own:1 type $digest 1 KiB linux/amd64 -" >> "$WORK/out"
    fi
  }
  bounded() { :; }
  keep_image "$IMAGE"
  [ "$asked" = "label $IMAGE $PINNED_LABEL io.cri-containerd.image=;ls target.digest==\"$digest\";ls target.digest==\"$digest\";label $other $PINNED_LABEL;" ]
  [ "$IMAGE_PINNED" = true ]
}

# cri_lists LOOKS: has the CRI label the image after that many looks; prints what keep_image ends with.
cri_lists() {
  local last=$1 looks=0
  IMAGE=$WANTED CONFIGURED_IMAGE=$WANTED DIGEST=sha256:$(printf '%064d' 1)
  ctr_k8s() {
    local labels=-
    RC=0 ERR='' OUT=''
    [[ $3 == ls ]] || return 0
    looks=$((looks + 1))
    : > "$WORK/out"
    ((looks < last)) || labels=io.cri-containerd.image=managed
    # A list that took too long is no answer.
    if ((looks == 2)); then RC=124; else printf '%s\n' "$IMAGE type $DIGEST 1 KiB linux/amd64 $labels" > "$WORK/out"; fi
  }
  bounded() { SECONDS=$((SECONDS + 1)); }
  image_is_ready() { return 0; }
  finish() {
    printf '%s after %s looks\n' "$2" "$looks"
    exit 0
  }
  SECONDS=0
  keep_image "$IMAGE"
  printf 'known after %s looks\n' "$looks"
}

@test "waits for the CRI to know the image as long as a busy one takes, and no longer" {
  run --separate-stderr cri_lists 100
  [ "$output" = 'known after 100 looks' ]
  run --separate-stderr cri_lists 1000
  [[ $output == 'SandboxImageUnseen after 1'??' looks' ]]
}

@test "reports an image that is gone while it waits for the CRI" {
  IMAGE=$WANTED CONFIGURED_IMAGE=$WANTED DIGEST=sha256:1
  ctr_k8s() { RC=0 OUT='' && : > "$WORK/out"; }
  image_is_ready() { return 1; }
  run keep_image "$IMAGE"
  [[ $output == *'NotRepaired SandboxImageIncomplete'* ]]
}

@test "keeps the image under each name by which containerd looks it up" {
  kept=''
  take_lock() { :; }
  remove_leftovers() { :; }
  diagnose() { :; }
  restore_image() { METHOD=tag; }
  start_test_container() { :; }
  finish_repaired() { :; }
  keep_image() { kept+="$1 "; }
  IMAGE=localhost/kubernetes/pause:latest CONFIGURED_IMAGE=localhost/kubernetes/pause IMAGE_STATE=absent
  for CONTAINERD_VERSION in 2.3.1 2.3.4; do repair 2> /dev/null; done
  [ "$kept" = "$IMAGE $CONFIGURED_IMAGE $IMAGE " ]
}
