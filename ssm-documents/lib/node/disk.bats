#!/usr/bin/env bats
# The disk of containerd's images.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/disk.sh"
}

@test "computes the disk's use as kubelet does" {
  bounded() { printf '1000 140 100 50\n'; }
  read_disk
  [ "$DISK_PERCENT" = 86 ]
}
