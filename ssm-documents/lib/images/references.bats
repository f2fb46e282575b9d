#!/usr/bin/env bats
# Names of images.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/references.sh"
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

@test "accepts image references and nothing that a shell could misread" {
  for ref in "$WANTED" localhost/kubernetes/pause localhost:5000/a/b:1 registry.k8s.io/pause:3.10.1 pause:3.6 \
    registry.k8s.io/pause@sha256:ee6521f290b2168b6e0935a181d4cff9be1ac3f505666ef0e3c98fae8199917a; do
    [[ $ref =~ $REFERENCE ]]
  done
  for ref in '' 'a b' 'a"b' 'a/b:$(id)' 'a/b;id' 'a/b:x"]' '-rf' 'a/../b' 'a/b:`id`' $'a/b\nc' 'A/b' 'a/b@sha256:12'; do
    [[ ! $ref =~ $REFERENCE ]]
  done
}

@test "looks an image up under its full name" {
  for pair in 'localhost/kubernetes/pause localhost/kubernetes/pause:latest' "$WANTED $WANTED" \
    'pause:3.6 docker.io/library/pause:3.6' 'me/pause docker.io/me/pause:latest' \
    'localhost:5000/pause localhost:5000/pause:latest'; do
    full_reference "${pair% *}"
    [ "$REPLY" = "${pair#* }" ]
  done
}
