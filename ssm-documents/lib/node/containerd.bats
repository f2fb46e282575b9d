#!/usr/bin/env bats
# containerd's configuration and version.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/containerd.sh"
  SAMPLES=$BATS_TEST_DIRNAME/../testing/samples
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

@test "reads the sandbox image of containerd 1.6, imports merged" {
  parse_runtime_config "$SAMPLES/containerd-1.6-config-dump.toml"
  [ "$CONFIGURED_IMAGE" = "$WANTED" ]
  [ "$SNAPSHOTTER" = overlayfs ]
  [ "$CONTAINERD_ROOT" = /var/lib/containerd ]
  [ "$CONTAINERD_SOCKET" = /run/containerd/containerd.sock ]
}

@test "reads the sandbox image of containerd 2.x, with single quotes" {
  parse_runtime_config "$SAMPLES/containerd-2.1-config-dump.toml"
  [ "$CONFIGURED_IMAGE" = localhost/kubernetes/pause:latest ]
  [ "$SNAPSHOTTER" = soci ]
  [ "$CONTAINERD_ROOT" = /mnt/containerd ]
}

@test "ignores the keys of other plugins" {
  printf '%s\n' 'root = "/r"' '[plugins."io.containerd.cri.v1.runtime"]' '  sandbox = "no"' \
    '[plugins."other.pinned_images"]' '  sandbox = "no"' '[plugins."x"]' '  sandbox_image = "no"' > "$WORK/dump"
  parse_runtime_config "$WORK/dump"
  [ -z "$CONFIGURED_IMAGE" ]
}

@test "detects that the CRI plugin is disabled, as in Docker's own package" {
  printf '%s\n' 'version = 2' 'disabled_plugins = ["cri"]' > "$WORK/dump"
  parse_runtime_config "$WORK/dump"
  [ "$CRI_DISABLED" = true ]
  for other in "disabled_plugins = ['io.containerd.grpc.v1.cri']" 'disabled_plugins = ["io.containerd.internal.v1.opt", "cri"]'; do
    CRI_DISABLED=false
    printf '%s\n' "$other" > "$WORK/dump"
    parse_runtime_config "$WORK/dump"
    [ "$CRI_DISABLED" = true ]
  done
  CRI_DISABLED=false
  printf '%s\n' 'disabled_plugins = ["io.containerd.snapshotter.v1.btrfs"]' 'required_plugins = ["cri"]' > "$WORK/dump"
  parse_runtime_config "$WORK/dump"
  [ "$CRI_DISABLED" = false ]
}

@test "reads containerd's configuration file and socket from its arguments" {
  printf '%s\0' /usr/bin/containerd --config /etc/x.toml -a /run/y.sock > "$WORK/cmdline"
  each_flag "$WORK/cmdline" take_containerd_flag
  [ "$CONTAINERD_CONFIG $CONTAINERD_SOCKET" = '/etc/x.toml /run/y.sock' ]
  printf '%s\0' containerd -c=/etc/z.toml > "$WORK/cmdline"
  each_flag "$WORK/cmdline" take_containerd_flag
  [ "$CONTAINERD_CONFIG" = /etc/z.toml ]
}

@test "ends where kubelet uses Docker" {
  KUBELET_RUNTIME=docker
  run -1 show_ending refuse_foreign_platforms
  [ "$output" = 'Unsupported RuntimeNotContainerd||"endpoint":"docker"' ]
}

@test "is unsupported where there is no container runtime, and unknown where only its client is missing" {
  local PATH=/nonexistent
  run -1 show_ending refuse_foreign_platforms
  [ "$output" = 'Unsupported PlatformUnsupported||"platform":"no-runtime"' ]
  CONTAINERD_PID=$$
  run -2 show_ending refuse_foreign_platforms
  [ "$output" = 'Unknown ToolMissing||"tool":"ctr"' ]
}

@test "uses the output that the parent of node-check has captured" {
  source "$BATS_TEST_DIRNAME/../node-check.sh"
  CONTAINERD_EXE='' SHARED=$WORK CONTAINERD_PID=''
  printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "a/b:1"\n' > "$WORK/shared.config"
  capture() { false; }
  read_containerd
  [ "$CONFIGURED_IMAGE" = a/b:1 ]
}

@test "asks containerd for its configuration as it was started" {
  capture_shared() { asked="${*:3}" RC=1 ERR=''; }
  CONTAINERD_CONFIG='' ask_containerd 5
  [ "$asked" = 'containerd config dump' ]
  CONTAINERD_CONFIG='/etc/a b.toml'
  ask_containerd 5
  [ "$asked" = 'containerd --config /etc/a b.toml config dump' ]
}

@test "takes the version that the CRI has reported, otherwise that of the executable" {
  local said
  capture() { RC=0 OUT=$said; }
  for said in 'containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1' \
    'containerd github.com/containerd/containerd v1.7.27 05044ec0a9a75232cad458027ca83437aae3f4da' \
    'containerd github.com/containerd/containerd/v2 2.1.4 75cb2b7193e4e490e9fbdc236c0e811ccaba3376'; do
    read_runtime_version
    [[ $said == *[\ v]"$CONTAINERD_VERSION"[~\ ]* ]]
  done
  capture() { return 1; }
  CRI_VERSION=2.3.1
  read_runtime_version
  [ "$CONTAINERD_VERSION" = 2.3.1 ]
}

@test "reports that containerd did not print its version, in a check and in a repair" {
  capture() { RC=1 OUT='' ERR='exec format error'; }
  run -2 show_ending read_runtime_version
  [ "$output" = 'Unknown RuntimeDown|exec format error|"failedStep":"version"' ]
  ACTION=repair
  run -1 show_ending read_runtime_version
  [ "$output" = 'NotRepaired RuntimeDown|exec format error|"failedStep":"version"' ]
}
