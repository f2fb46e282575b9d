# Images in containerd's store: their names, their records and their content. Nothing here changes anything.
#@ use containerd
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

readonly PINNED_LABEL=io.cri-containerd.pinned=pinned

# distribution's reference grammar, as far as a sandbox image needs it. A reference that matches holds no character that
# means anything to a shell, to a containerd filter or to TOML.
readonly REFERENCE='^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?$'

IMAGE_PINNED=false IMAGE_MANAGED=false

# full_reference REF: the name under which the CRI looks an image up: with a registry and a tag; in REPLY.
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

# pin_support VERSION: whether this containerd tells kubelet that an image is pinned; none, restart or yes, in REPLY.
# containerd 1.6.22 and 1.7.3 brought the pin; 1.6.25 and 1.7.10 the notice of a label that is set later.
pin_support() {
  local major=${1%%.*} minor=${1#*.} patch=${1##*.}
  minor=${minor%%.*}
  REPLY=yes
  if ((major < 1 || (major == 1 && minor < 6))); then
    REPLY=none
  elif ((major == 1 && minor == 6)); then
    if ((patch < 22)); then REPLY=none; elif ((patch < 25)); then REPLY=restart; fi
  elif ((major == 1 && minor == 7)); then
    if ((patch < 3)); then REPLY=none; elif ((patch < 10)); then REPLY=restart; fi
  fi
}

# read_image_row REF FILE: a row of `ctr images ls`, in DIGEST, IMAGE_PINNED and IMAGE_MANAGED; 1 if there is none.
read_image_row() {
  local name digest rest
  while read -r name _ digest rest; do
    if [[ $name == "$1" ]]; then
      DIGEST=$digest IMAGE_PINNED=false IMAGE_MANAGED=false
      [[ ,${rest##* }, != *",$PINNED_LABEL,"* ]] || IMAGE_PINNED=true
      [[ ,${rest##* }, != *,io.cri-containerd.image=managed,* ]] || IMAGE_MANAGED=true
      return 0
    fi
  done < "$2"
  return 1
}

# read_check_row REF FILE: whether a row of `ctr images check` says that containers can be made of the image: unpacked, or
# complete. "incomplete" alone is no fault: with discard_unpacked_layers the layers go once they are unpacked.
read_check_row() {
  local row
  while IFS= read -r row; do
    if [[ $row == "$1 "* ]]; then
      [[ $row =~ [[:space:]]complete[[:space:]]\( || $row =~ [[:space:]]true[[:space:]]*$ ]]
      return
    fi
  done < "$2"
  return 1
}

# image_is_usable REF: whether containers can be made of another image on the node.
image_is_usable() {
  ctr_k8s 15 images check --snapshotter "$SNAPSHOTTER" "name==\"$1\""
  read_check_row "$1" "$WORK/out"
}

# read_platform: containerd's name for this machine's architecture, in REPLY.
read_platform() {
  REPLY=$(uname -m)
  case $REPLY in
    x86_64) REPLY=amd64 ;;
    aarch64) REPLY=arm64 ;;
  esac
}
