#!/usr/bin/env bats
# pause-image's rungs, in their order.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/test/load.sh"
  load_script "$BATS_TEST_DIRNAME/script.sh"
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

# Read once, when the script is.
export FLEETMEND_PAUSE_TAR=$BATS_TEST_TMPDIR/pause.tar
: > "$FLEETMEND_PAUSE_TAR"

@test "has a mirror by digest for every tag" {
  for tag in 3.5 3.5-eksbuild.1 v3.9 3.10 3.10.1 latest ''; do
    mirror_of "$tag"
    [[ $REPLY =~ ^registry\.k8s\.io/pause@sha256:[0-9a-f]{64}$ ]]
  done
  mirror_of 3.10.1 && [[ $REPLY == *278fb9db* ]]
  mirror_of 3.10 && [[ $REPLY == *ee6521f2* ]]
  mirror_of 3.5-eksbuild.1 && [[ $REPLY == *1ff6c18f* ]]
}

@test "climbs from the cheapest rung up, and stops at the first that works" {
  tried=''
  for rung in import tag unit ecr fetch mirror; do
    source /dev/stdin < <(printf 'rung_%s() { tried+="%s "; [[ %s == ecr ]]; }\n' "$rung" "$rung" "$rung")
  done
  needs_second_name() { return 1; }
  image_is_ready() { return 0; }
  climb
  [ "$tried$RUNG" = 'import tag unit ecr ecr' ]
}

@test "goes on when a rung says that it worked and the image is still not usable" {
  rung_import() { return 0; }
  rung_tag() { return 0; }
  for rung in unit ecr fetch mirror; do unset -f "rung_$rung"; done
  needs_second_name() { return 1; }
  ready=0
  image_is_ready() {
    ready=$((ready + 1))
    ((ready > 1))
  }
  climb
  [ "$RUNG" = tag ]
}

@test "starts no rung that could not end in time" {
  rung_import() { return 0; }
  image_is_ready() { return 0; }
  needs_second_name() { return 1; }
  BUDGET_SECONDS=10
  refute climb
}

@test "imports no file for an image of another repository" {
  : > "$WORK/pause.tar"
  IMAGE=$WANTED SNAPSHOTTER=overlayfs
  refute rung_import
  [ "$CHANGED$FAILURE_REASON" = false ]
}

@test "imports no file that others could have written, and says so" {
  chmod 666 "$PAUSE_TAR"
  IMAGE=localhost/kubernetes/pause:latest SNAPSHOTTER=overlayfs
  refute rung_import
  [ "$CHANGED $FAILURE_REASON" = 'false LocalCopyUntrusted' ]
}

@test "tags only from EKS's own registries, for this platform, and complete" {
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
  rung_tag
  [ "$tagged" = 602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5 ]
  image_is_usable() { return 1; }
  refute rung_tag
}
