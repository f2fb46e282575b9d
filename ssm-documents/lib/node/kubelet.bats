#!/usr/bin/env bats
# kubelet's flags and configuration.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/kubelet.sh"
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

@test "reads kubelet's flags in both forms" {
  printf '%s\0' /usr/bin/kubelet --config /etc/kubernetes/kubelet/config.json --config-dir=/etc/k.d -v 2 \
    --container-runtime-endpoint=unix:///run/containerd/containerd.sock --pod-infra-container-image "$WANTED" \
    --image-credential-provider-bin-dir /etc/eks/x --image-credential-provider-config=/etc/eks/x/config.json > "$WORK/cmdline"
  each_flag "$WORK/cmdline" take_kubelet_flag
  [ "$KUBELET_CONFIG $KUBELET_CONFIG_DIR" = '/etc/kubernetes/kubelet/config.json /etc/k.d' ]
  [ "$KUBELET_SANDBOX_IMAGE" = "$WANTED" ]
  [ "$KUBELET_ENDPOINT" = unix:///run/containerd/containerd.sock ]
  [ "$CREDENTIAL_BIN_DIR $CREDENTIAL_CONFIG" = '/etc/eks/x /etc/eks/x/config.json' ]
  [ -z "$GC_HIGH_PERCENT" ]
}

@test "reads the flags from the unit where kubelet ends meanwhile or is only just starting" {
  capture() {
    printf 'ExecStart={ path=/usr/bin/kubelet ; argv[]=/usr/bin/kubelet --container-runtime-endpoint=unix:///run/x.sock ; }\n' > "$WORK/out"
  }
  # Before its exec, a service is a fork of systemd, and its arguments are its name.
  (exec -a '(kubelet)' sleep 60) &
  local starting=$! waited=0
  # Until its exec it is still this shell, with other arguments.
  until grep --quiet --text '^(kubelet)' "/proc/$starting/cmdline"; do
    ((++waited < 200))
    sleep 0.05
  done
  for KUBELET_PID in "$starting" 4194399 ''; do
    KUBELET_ENDPOINT=''
    read_kubelet
    [ "$KUBELET_ENDPOINT" = unix:///run/x.sock ]
  done
  kill "$starting"
}

@test "reads the garbage collection threshold from flag, drop-in, file and default, in this order" {
  mkdir "$WORK/d"
  read_kubelet_config
  [ "$GC_HIGH_PERCENT" = 85 ]
  printf '{"kind":"KubeletConfiguration","imageGCHighThresholdPercent": 75}' > "$WORK/config.json"
  GC_HIGH_PERCENT='' KUBELET_CONFIG=$WORK/config.json
  read_kubelet_config
  [ "$GC_HIGH_PERCENT" = 75 ]
  printf 'imageGCHighThresholdPercent: 70\n' > "$WORK/d/40-x.conf"
  GC_HIGH_PERCENT='' KUBELET_CONFIG_DIR=$WORK/d
  read_kubelet_config
  [ "$GC_HIGH_PERCENT" = 70 ]
  GC_HIGH_PERCENT=60
  read_kubelet_config
  [ "$GC_HIGH_PERCENT" = 60 ]
}

@test "reads the age at which images are deleted; zero means never" {
  KUBELET_CONFIG=$WORK/config
  for pair in '"imageMaximumGCAge": "168h0m0s"=168h0m0s' 'imageMaximumGCAge: 12h=12h' 'imageMaximumGCAge: 0s=' \
    '"imageMaximumGCAge":"0h0m0s"=' 'imageMinimumGCAge: 2m='; do
    printf '%s\n' "${pair%=*}" > "$WORK/config"
    GC_MAX_AGE=''
    read_kubelet_config
    [ "$GC_MAX_AGE" = "${pair#*=}" ]
  done
}

@test "reads the version of the running kubelet, and ignores the output of another program" {
  KUBELET_PID=$$
  capture() { OUT='Kubernetes v1.28.5-eks-5e0fdde'; }
  kubelet_minor
  [ "$REPLY" = 28 ]
  capture() { OUT='GNU bash, version 5.2.15'; }
  kubelet_minor
  [ -z "$REPLY" ]
  # The real capture leaves the program's stderr in REPLY.
  capture() { OUT='' REPLY='26: Illegal option --'; }
  kubelet_minor
  [ -z "$REPLY" ]
  KUBELET_PID=''
  kubelet_minor
  [ -z "$REPLY" ]
}

@test "reads a threshold with a leading zero as a decimal number" {
  GC_HIGH_PERCENT=085
  read_kubelet_config
  [ "$GC_HIGH_PERCENT" = 85 ]
}

@test "reads the runtime from kubelet's file where no flag names it" {
  printf 'containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock"\n' > "$WORK/config"
  KUBELET_CONFIG=$WORK/config
  read_kubelet_config
  [ "$KUBELET_ENDPOINT" = unix:///run/containerd/containerd.sock ]
}

@test "detects Docker by kubelet's flags" {
  run ! kubelet_uses_docker
  KUBELET_ENDPOINT=unix:///run/containerd/containerd.sock run ! kubelet_uses_docker
  KUBELET_ENDPOINT=unix:///var/run/cri-dockerd.sock kubelet_uses_docker
  KUBELET_RUNTIME=docker kubelet_uses_docker
}

@test "follows the AL2 link dockershim.sock to containerd" {
  : > "$WORK/containerd.sock"
  ln -s "$WORK/containerd.sock" "$WORK/dockershim.sock"
  KUBELET_ENDPOINT=unix://$WORK/dockershim.sock run ! kubelet_uses_docker
}
