#!/usr/bin/env bats
# Names, records and content of images.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/images.sh"
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5
LIST_HEADER='REF TYPE DIGEST SIZE PLATFORMS LABELS'
A_DIGEST=sha256:de86dc159c29134e5c4d2dd498815d7b0f0605a7e25a63541de7a73bc140c7de

@test "detects which containerd can pin" {
  for pair in 1.4.6:none 1.6.21:none 1.6.22:restart 1.6.24:restart 1.6.25:yes 1.6.36:yes 1.7.0:none 1.7.2:none \
    1.7.3:restart 1.7.9:restart 1.7.10:yes 1.7.27:yes 2.0.0:yes 2.3.4:yes 1.10.0:yes; do
    pin_support "${pair%:*}"
    [ "$REPLY" = "${pair#*:}" ]
  done
}

@test "reads digest, pin and the CRI's mark from the list of images" {
  printf '%s\n' "$LIST_HEADER" \
    "$WANTED-x application/vnd t sha256:0 1 B linux/amd64 -" \
    "$WANTED   application/vnd.oci $A_DIGEST 890.0 B linux/amd64,linux/arm64 io.cri-containerd.image=managed,io.cri-containerd.pinned=pinned  " > "$WORK/list"
  read_image_row "$WANTED" "$WORK/list"
  [[ "$DIGEST $IMAGE_PINNED $IMAGE_LABELS" == "$A_DIGEST true "*,io.cri-containerd.image=managed,* ]]
}

@test "ignores a label that only resembles the pin" {
  printf '%s\n' "$WANTED x $A_DIGEST 890.0 B linux/amd64 io.cri-containerd.image=managed,my.io.cri-containerd.pinned=pinned" > "$WORK/list"
  read_image_row "$WANTED" "$WORK/list"
  [[ "$IMAGE_PINNED $IMAGE_LABELS" == 'false '*,io.cri-containerd.image=managed,* ]]
}

@test "misses an image that is not listed" {
  printf '%s\n' "$LIST_HEADER" "evil.example/eks/pause:3.5 x $A_DIGEST 1.0 B linux/amd64 -" > "$WORK/list"
  run ! read_image_row "$WANTED" "$WORK/list"
}

@test "calls an image usable when it is complete or unpacked, and only then" {
  row() { printf '%s\n' 'REF TYPE DIGEST STATUS SIZE UNPACKED' "$WANTED t $A_DIGEST $1" > "$WORK/check"; }
  row 'complete (2/2) 489.0 B/489.0 B false' && read_check_row "$WANTED" "$WORK/check"
  row 'complete (2/2) 489.0 B/489.0 B true' && read_check_row "$WANTED" "$WORK/check"
  row 'incomplete (1/2) 317.0 B/489.0 B true   ' && read_check_row "$WANTED" "$WORK/check"
  row 'incomplete (1/2) 317.0 B/489.0 B false'
  run ! read_check_row "$WANTED" "$WORK/check"
  row 'missing (0/?) 0.0 B/? false'
  run ! read_check_row "$WANTED" "$WORK/check"
  run ! read_check_row "$WANTED-other" "$WORK/check"
}
