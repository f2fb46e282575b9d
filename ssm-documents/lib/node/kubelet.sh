# kubelet's flags and configuration for images and for the runtime.
#@ use node/services
#@ use node/unit-flags
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# kubelet's own default (kubelet config v1beta1, imageGCHighThresholdPercent).
readonly DEFAULT_GC_HIGH_PERCENT=85

# KUBELET_RUNTIME: the flag of kubelet up to 1.26 (docker, remote).
KUBELET_RUNTIME='' KUBELET_ENDPOINT='' KUBELET_SANDBOX_IMAGE='' KUBELET_CONFIG='' KUBELET_CONFIG_DIR=''
CREDENTIAL_CONFIG='' CREDENTIAL_BIN_DIR=''
KUBELET_FLAGS='' GC_HIGH_PERCENT=''
# The age at which kubelet deletes an image that no container uses, regardless of disk usage; empty where it never does.
GC_MAX_AGE=''

# read_kubelet: sets the variables above. Needs find_services.
read_kubelet() {
  KUBELET_FLAGS=''
  flags_of "$KUBELET_PID" take_kubelet_flag
  # A kubelet that does not run, or is only just starting, has no arguments. Then the flags of its unit apply.
  [[ -n $KUBELET_FLAGS ]] || unit_flags take_kubelet_flag "${KUBELET_UNIT:-kubelet.service}"
  read_kubelet_config
}

take_kubelet_flag() {
  KUBELET_FLAGS=seen
  case $1 in
    container-runtime) KUBELET_RUNTIME=$2 ;;
    container-runtime-endpoint) KUBELET_ENDPOINT=$2 ;;
    pod-infra-container-image) KUBELET_SANDBOX_IMAGE=$2 ;;
    config) KUBELET_CONFIG=$2 ;;
    config-dir) KUBELET_CONFIG_DIR=$2 ;;
    image-gc-high-threshold) GC_HIGH_PERCENT=$2 ;;
    image-credential-provider-config) CREDENTIAL_CONFIG=$2 ;;
    image-credential-provider-bin-dir) CREDENTIAL_BIN_DIR=$2 ;;
  esac
}

# read_kubelet_config: the disk usage in percent at which kubelet starts to delete images, the maximum age of images, and
# its runtime. A flag overrides the files (JSON or YAML), and a later file of the drop-in folder overrides an earlier one.
read_kubelet_config() {
  local file found='' found_endpoint='' is='"?[[:space:]]*:[[:space:]]*"?'
  local threshold="imageGCHighThresholdPercent$is([0-9]{1,3})" age="imageMaximumGCAge$is([0-9][0-9a-z.]*)"
  local endpoint="containerRuntimeEndpoint$is([^\",[:space:]]+)"
  for file in "$KUBELET_CONFIG" "${KUBELET_CONFIG_DIR:-/nonexistent}"/*.conf; do
    [[ -f $file && -r $file ]] || continue
    slurp "$file"
    [[ ! $REPLY =~ $threshold ]] || found=${BASH_REMATCH[1]}
    [[ ! $REPLY =~ $age ]] || GC_MAX_AGE=${BASH_REMATCH[1]}
    [[ ! $REPLY =~ $endpoint ]] || found_endpoint=${BASH_REMATCH[1]}
  done
  KUBELET_ENDPOINT=${KUBELET_ENDPOINT:-$found_endpoint}
  if [[ ! $GC_HIGH_PERCENT =~ ^[0-9]{1,3}$ ]]; then
    GC_HIGH_PERCENT=${found:-$DEFAULT_GC_HIGH_PERCENT}
  fi
  # Zero in any unit means never.
  [[ $GC_MAX_AGE == *[1-9]* ]] || GC_MAX_AGE=''
  # bash reads a number with a leading zero as octal.
  GC_HIGH_PERCENT=$((10#$GC_HIGH_PERCENT))
}

# kubelet_uses_docker: whether kubelet uses dockershim (kubelet up to 1.23) or cri-dockerd. It reads the flag and not the
# sockets: nodes with Docker run containerd too, and the AL2 link dockershim.sock points to containerd.
kubelet_uses_docker() {
  local socket=${KUBELET_ENDPOINT#unix://}
  [[ $KUBELET_RUNTIME != docker ]] || return 0
  [[ $socket == *docker* ]] || return 1
  if [[ -L $socket ]]; then
    socket=$(readlink -f -- "$socket") || return 0
  fi
  [[ $socket == *docker* ]]
}

# kubelet_minor: the minor version of the running kubelet (28 of 1.28.5), in REPLY; empty if it prints none. It takes as long
# as kubelet needs to start.
kubelet_minor() {
  REPLY=''
  [[ -n $KUBELET_PID && -x /proc/$KUBELET_PID/exe ]] || return 0
  capture 5 "/proc/$KUBELET_PID/exe" --version
  REPLY=''
  if [[ $OUT =~ ^Kubernetes\ v1\.([0-9]+)\. ]]; then
    REPLY=${BASH_REMATCH[1]}
  fi
}
