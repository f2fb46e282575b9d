# Changes to images in containerd's store, by a repair.
#@ use images/images
#@ use base/failures
# shellcheck shell=bash disable=SC2153  # DIGEST is what the prelude prints

# tag_image SOURCE TARGET: gives an image a second name. --force replaces a record whose content is missing.
tag_image() {
  changing "tagging $1 as $2"
  ctr_k8s 20 images tag --force "$1" "$2"
  if ((RC != 0)); then
    note_failed_command SandboxImagePullFailed tag
    return 1
  fi
}

# pin_image NAME: labels an image, so that kubelet's garbage collection keeps it. A containerd that cannot pin ignores the label.
# The same change removes the label of the CRI plugin, which sets it again once it has handled all changes up to this one.
pin_image() {
  changing "pinning $1"
  ctr_k8s 15 images label "$1" "$PINNED_LABEL" io.cri-containerd.image=
  ((RC != 0)) || return 0
  # The failures of earlier methods no longer matter.
  forget_failure
  note_failed_command PinFailed pin
  finish_failed
}

# pin_other_names FILE: pins the names in FILE, a list of images, that the CRI gives IMAGE.
pin_other_names() {
  local name digest rest names=()
  while read -r name _ digest rest; do
    [[ $name != sha256:* || $digest != "$DIGEST" || ",${rest##* }," == *",$PINNED_LABEL,"* ]] || names+=("$name")
  done < "$1"
  # bash before 4.4 treats an empty array as an unset variable.
  ((${#names[@]} > 0)) || return 0
  for name in "${names[@]}"; do
    changing "pinning $name"
    ctr_k8s 15 images label "$name" "$PINNED_LABEL"
  done
}
