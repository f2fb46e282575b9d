# Images in containerd's store: their names, their records and their content. This part changes nothing.
#@ use node/containerd
#@ use images/references
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

readonly PINNED_LABEL=io.cri-containerd.pinned=pinned

# The labels of the image's record, with a comma before and behind each.
IMAGE_PINNED=false IMAGE_LABELS=''

# pin_support VERSION: whether this containerd reports to kubelet that an image is pinned; none, restart or yes, in REPLY.
# containerd 1.6.22 and 1.7.3 introduced the pin; since 1.6.25 and 1.7.10 a label also takes effect without a restart.
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

# read_image_row REF FILE: a row of `ctr images ls`, in DIGEST, IMAGE_PINNED and IMAGE_LABELS; 1 if there is none.
read_image_row() {
  local name digest rest
  while read -r name _ digest rest; do
    if [[ $name == "$1" ]]; then
      DIGEST=$digest IMAGE_LABELS=",${rest##* }," IMAGE_PINNED=false
      [[ $IMAGE_LABELS != *",$PINNED_LABEL,"* ]] || IMAGE_PINNED=true
      return 0
    fi
  done < "$2"
  return 1
}

# read_check_row REF FILE: whether a row of `ctr images check` shows that the image is usable: unpacked or complete.
# "incomplete" alone is no fault: with discard_unpacked_layers, containerd deletes the layers after it unpacks them.
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

# image_is_usable REF: whether another image on the node is usable.
image_is_usable() {
  ctr_k8s 15 images check --snapshotter "$SNAPSHOTTER" "name==\"$1\""
  read_check_row "$1" "$WORK/out"
}
