#!/usr/bin/env bats
# The flags of a service that is not running.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/unit-flags.sh"
}

@test "reads the flags of a unit, of its variables and of its environment file" {
  printf 'NODEADM_KUBELET_ARGS="--config=/etc/k.json --v 2"\n' > "$BATS_TEST_TMPDIR/environment"
  capture() {
    printf '%s\n' 'ExecStart={ path=/usr/bin/kubelet ; argv[]=/usr/bin/kubelet --a $X --b=1 ; ignore_errors=no }' \
      "Environment=\"KUBELET_ARGS=--node-ip=10.0.0.1 --c=d\"" "EnvironmentFiles=$BATS_TEST_TMPDIR/environment (ignore_errors=no)" > "$WORK/out"
  }
  seen=''
  see() { seen+="$1=$2;"; }
  unit_flags see kubelet.service
  [ "$seen" = 'a=$X;b=1;node-ip=10.0.0.1;c=d;config=/etc/k.json;v=2;' ]
}

@test "returns no flags for a unit that does not exist" {
  capture() { : > "$WORK/out"; }
  unit_flags false kubelet.service
}
