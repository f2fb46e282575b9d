# The containerd that is running: its effective configuration, its version, and ctr on kubelet's images.
#@ use node/services
#@ use node/kubelet
#@ use node/cri
# shellcheck shell=bash disable=SC2034,SC2153  # other parts read what is only set here

# kubelet's images are in containerd's namespace k8s.io. The CRI does not use other namespaces.
readonly IMAGE_NAMESPACE=k8s.io

CONTAINERD_EXE='' CONTAINERD_CONFIG='' CONTAINERD_VERSION='' CONTAINERD_ROOT='' CONTAINERD_SOCKET='' SNAPSHOTTER=''
# The sandbox image as the configuration names it; empty where it names none.
CONFIGURED_IMAGE=''
CRI_DISABLED=false

# ctr_k8s SECONDS ARGUMENT...: ctr on kubelet's namespace, by `capture`.
ctr_k8s() {
  local seconds=$1
  shift
  capture "$seconds" ctr --address "$CONTAINERD_SOCKET" --namespace "$IMAGE_NAMESPACE" "$@"
}

# refuse_foreign_platforms: ends where no containerd serves kubelet, before any slow command.
refuse_foreign_platforms() {
  if kubelet_uses_docker; then
    evidence endpoint "${KUBELET_ENDPOINT:-docker}"
    finish Unsupported RuntimeNotContainerd
  fi
  command -v ctr > /dev/null && return
  if [[ -n $CONTAINERD_PID ]] || command -v containerd > /dev/null; then
    evidence tool ctr
    finish Unknown ToolMissing
  fi
  evidence platform no-runtime
  finish Unsupported PlatformUnsupported
}

# read_containerd: sets the variables above, but for the version, for the containerd that serves kubelet. Needs find_services and
# read_kubelet. It uses the running executable: after an upgrade without a restart, the PATH may have another version.
read_containerd() {
  ask_containerd 10
  read_runtime_config
}

# ask_containerd SECONDS: runs containerd for its configuration, as the last `capture`.
ask_containerd() {
  flags_of "$CONTAINERD_PID" take_containerd_flag
  CONTAINERD_EXE=containerd
  if [[ -n $CONTAINERD_PID && -x /proc/$CONTAINERD_PID/exe ]]; then
    CONTAINERD_EXE=/proc/$CONTAINERD_PID/exe
  fi
  capture_shared config "$1" "$CONTAINERD_EXE" ${CONTAINERD_CONFIG:+--config "$CONTAINERD_CONFIG"} config dump
}

# share_containerd: for node-check's parent, after share_services.
share_containerd() {
  [[ -n $CONTAINERD_PID ]] || command -v containerd > /dev/null || return 0
  ask_containerd 5
  share config
}

take_containerd_flag() {
  case $1 in
    config | c) CONTAINERD_CONFIG=$2 ;;
    address | a) CONTAINERD_SOCKET=$2 ;;
  esac
}

# read_runtime_config: containerd's effective configuration, imports merged. Needs ask_containerd.
read_runtime_config() {
  if ((RC != 0)); then
    capture_error
    finish_undecided ConfigUnreadable "$REPLY"
  fi
  parse_runtime_config "$WORK/out"
  CONTAINERD_ROOT=${CONTAINERD_ROOT:-/var/lib/containerd}
  # CONTAINERD_ADDRESS is ctr's own variable.
  CONTAINERD_SOCKET=${CONTAINERD_ADDRESS:-${CONTAINERD_SOCKET:-/run/containerd/containerd.sock}}
  SNAPSHOTTER=${SNAPSHOTTER:-overlayfs}
}

# parse_runtime_config FILE: from `containerd config dump`, in containerd 1.x's form (sandbox_image) or 2.x's
# (pinned_images.sandbox), with either kind of quotes.
parse_runtime_config() {
  local key value
  while IFS='=' read -r key value; do
    case $key in
      root) CONTAINERD_ROOT=$value ;;
      address) CONTAINERD_SOCKET=${CONTAINERD_SOCKET:-$value} ;;
      sandbox) CONFIGURED_IMAGE=$value ;;
      snapshotter) SNAPSHOTTER=$value ;;
      disabled) CRI_DISABLED=true ;;
    esac
  done < <(awk '
    # The value of a line `key = "value"`, without its quotes.
    function text(line, quote, end) {
      sub(/^[^=]*=[ \t]*/, "", line)
      quote = substr(line, 1, 1)
      if (quote != "\"" && quote != "\047") return ""
      line = substr(line, 2)
      end = index(line, quote)
      return end == 0 ? "" : substr(line, 1, end - 1)
    }
    /^[ \t]*\[+[^]]*\]+[ \t]*(#.*)?$/ {
      section = $0
      gsub(/[][ \t"\047]|#.*$/, "", section)
      next
    }
    section == "" && /^[ \t]*root[ \t]*=/ { print "root=" text($0) }
    # As Docker\047s own package sets it: such a containerd serves no kubelet.
    section == "" && /^[ \t]*disabled_plugins[ \t]*=/ && /["\047](cri|io\.containerd\.grpc\.v1\.cri)["\047]/ { print "disabled=" }
    section ~ /^(grpc|plugins\.io\.containerd\.server\.v1\.grpc)$/ && /^[ \t]*address[ \t]*=/ { print "address=" text($0) }
    section ~ /(^|\.)cri$/ && /^[ \t]*sandbox_image[ \t]*=/ { print "sandbox=" text($0) }
    section ~ /\.images\.pinned_images$/ && /^[ \t]*sandbox[ \t]*=/ { print "sandbox=" text($0) }
    section ~ /(\.cri\.containerd|\.cri\.v1\.images)$/ && /^[ \t]*snapshotter[ \t]*=/ { print "snapshotter=" text($0) }
  ' "$1")
}

# read_runtime_version: the version, as the CRI has reported it (CRI_VERSION), otherwise by the executable. It does not run
# `ctr version`, because containerd writes its new id to the disk before its first response.
read_runtime_version() {
  local pattern='^containerd [^ ]+ v?([0-9]+\.[0-9]+\.[0-9]+)'
  CONTAINERD_VERSION=$CRI_VERSION
  [[ -z $CONTAINERD_VERSION ]] || return 0
  capture 10 "$CONTAINERD_EXE" --version
  if [[ $OUT =~ $pattern ]]; then
    CONTAINERD_VERSION=${BASH_REMATCH[1]}
    return
  fi
  capture_error
  evidence failedStep version
  finish_undecided RuntimeDown "$REPLY"
}
