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

# pin_image: labels IMAGE under the name that the configuration uses and under the id that the CRI uses, so that kubelet's
# garbage collection keeps it. A containerd that cannot pin ignores the label.
pin_image() {
  local name digest names=("$IMAGE")
  ctr_k8s 15 images ls "target.digest==\"$DIGEST\""
  while read -r name _ digest _; do
    if [[ $digest == "$DIGEST" && ($name == sha256:* || $name == "$CONFIGURED_IMAGE") && $name != "$IMAGE" ]]; then
      names+=("$name")
    fi
  done < "$WORK/out"
  changing "pinning ${names[*]}"
  for name in "${names[@]}"; do
    ctr_k8s 15 images label "$name" "$PINNED_LABEL"
    if ((RC != 0)) && [[ $name == "$IMAGE" ]]; then
      # The failures of earlier methods no longer matter.
      forget_failure
      note_failed_command PinFailed pin
      finish_failed
    fi
  done
}
