# Names of images and of platforms, as text.
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# The part of distribution's reference grammar that sandbox images need. A reference that matches has no character with a special
# meaning in a shell, a containerd filter or TOML.
readonly REFERENCE='^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?$'

# full_reference REF: the name under which the CRI looks up an image, with a registry and a tag, in REPLY.
full_reference() {
  local ref=$1
  if [[ $ref != */* ]]; then
    ref=docker.io/library/$ref
  elif [[ ${ref%%/*} != *[.:]* && ${ref%%/*} != localhost ]]; then
    ref=docker.io/$ref
  fi
  if [[ ${ref##*/} != *[:@]* ]]; then
    ref+=:latest
  fi
  REPLY=$ref
}

# read_platform: containerd's name for this machine's architecture, in REPLY.
read_platform() {
  REPLY=$(uname -m)
  case $REPLY in
    x86_64) REPLY=amd64 ;;
    aarch64) REPLY=arm64 ;;
  esac
}
