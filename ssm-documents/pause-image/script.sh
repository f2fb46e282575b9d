# pause-image: restores the sandbox (pause) image on a node whose containerd cannot pull it, and pins it.
#
# This file is the outline. Its parts are state.sh and unit.sh beside it, and ../lib. The builder splits it at its
# `#@ section` lines and adds the parts that the `#@ use` lines name. The check document has only the check section and its
# parts, so no line of it can change the node. The repair document has check and repair. The section of a variant is in that
# variant only.
# shellcheck shell=bash disable=SC2034  # the prelude prints what is only set here

#@ section check
#@ use ./state

check() {
  take_lock shared
  diagnose
  evidence pinLabel "$IMAGE_PINNED"
  if fault; then
    find_local_method
    finish Broken "$REASON_FOUND"
  fi
  if [[ $CRI_STATE == unasked ]]; then
    # Nobody has seen the runtime answer.
    evidence tool curl
    finish Unknown ToolMissing
  fi
  finish_healthy
}

# find_local_method: the method that needs no registry, in METHOD, as far as the check can determine it. Such a node need not
# wait for a registry that is down.
find_local_method() {
  if [[ $IMAGE_STATE == ready ]]; then
    if fault_is_repairable; then
      METHOD=pin
    fi
  elif [[ $IMAGE == localhost/* ]]; then
    [[ ! -e $PAUSE_TAR ]] || METHOD=import
  elif [[ $LACKS_SECOND_NAME == true ]] || find_tag_source; then
    METHOD=tag
  fi
  return 0
}

# finish_healthy: the image is present, and pinned where containerd can pin.
finish_healthy() {
  may_recur
  WILL_RECUR=$REPLY
  finish Healthy ''
}

#@ section repair
#@ use ./unit
#@ use base/failures
#@ use images/image-changes
#@ use base/trust
#@ use ecr/ecr-api
#@ use images/fetch
#@ use images/test-container

readonly PAUSE_TAR_IMAGE=localhost/kubernetes/pause:latest
# The least time that a method, the pin and the test container take.
readonly METHOD_SECONDS=15
# How long the CRI plugin may take to learn of the image.
readonly CRI_SECONDS=120

repair() {
  take_lock exclusive
  diagnose
  remove_leftovers
  if ! fault; then
    evidence pinLabel "$IMAGE_PINNED"
    finish_healthy
  fi
  log "repairing $REASON_FOUND"
  fault_is_repairable || finish_not_repaired "$REASON_FOUND"
  if [[ $IMAGE_STATE == ready ]]; then
    METHOD=pin
  elif ! restore_image; then
    DIGEST=''
    finish_not_repaired NoLocalCopy
  fi
  keep_image "$IMAGE"
  ! needs_second_name || keep_image "$CONFIGURED_IMAGE"
  start_test_container
  finish_repaired
}

# finish_repaired: the image is usable again; whether that lasts is in WILL_RECUR.
finish_repaired() {
  evidence pinLabel "$IMAGE_PINNED"
  may_recur
  WILL_RECUR=$REPLY
  finish Repaired "$REASON_FOUND"
}

# restore_image: tries the methods, the cheapest first, until the image is ready; the last one is in METHOD. 1 if no method
# was sufficient. A method returns 0 when its commands succeeded, and notes a failure where it should have worked. A command
# that fails in it does not end the script (errexit does not apply in conditions), so it checks every relevant exit code.
restore_image() {
  local method
  for method in import tag ecr unit fetch mirror; do
    # The mirror is in its variant only.
    declare -F "method_$method" > /dev/null || continue
    if ((SECONDS > BUDGET_SECONDS - METHOD_SECONDS)); then
      # A method that cannot end would hide why the earlier methods failed.
      log "skipping the method $method: no time is left"
      break
    fi
    log "trying the method $method"
    if "method_$method" && add_second_name && image_is_ready; then
      METHOD=$method
      return 0
    fi
  done
  return 1
}

# method_import: imports the copy that the AL2023 AMI keeps on the disk.
method_import() {
  local name arguments=(--snapshotter "$SNAPSHOTTER")
  [[ -e $PAUSE_TAR || -L $PAUSE_TAR ]] || return 1
  # The copy is localhost/kubernetes/pause. It must not appear under the name of another repository.
  [[ $IMAGE == localhost/* ]] || return 1
  if ! trusted_path "$PAUSE_TAR" || [[ ! -f $PAUSE_TAR ]]; then
    note_failure LocalCopyUntrusted '' localCopy "$PAUSE_TAR" untrusted "${REPLY:-$PAUSE_TAR (not a file)}"
    return 1
  fi
  if [[ $SNAPSHOTTER == soci ]]; then
    # amazon-eks-ami #2717: with the transfer service, the SOCI snapshotter would request the layers from the registry.
    arguments+=(--discard-unpacked-layers=false --local)
  fi
  changing "importing $PAUSE_TAR"
  ctr_k8s 60 images import "${arguments[@]}" "$PAUSE_TAR"
  if [[ $ERR == *'flag provided but not defined'* ]]; then
    # An older ctr imports locally by default.
    ctr_k8s 60 images import --snapshotter "$SNAPSHOTTER" "$PAUSE_TAR"
  fi
  if ((RC != 0)); then
    note_failed_command SandboxImageIncomplete import
    return 1
  fi
  for name in "$IMAGE" "$PAUSE_TAR_IMAGE"; do
    if image_is_usable "$name"; then
      [[ $name == "$IMAGE" ]] || tag_image "$name" "$IMAGE"
      return
    fi
  done
  note_failure LocalCopyUntrusted '' localCopy "$PAUSE_TAR"
  return 1
}

# method_tag: tags the same image, which the node has under the name of another EKS registry.
method_tag() {
  local source
  if needs_second_name && image_is_usable "$IMAGE"; then
    return 0
  fi
  find_tag_source || return 1
  source=$REPLY
  tag_image "$source" "$IMAGE" || return 1
  evidence taggedFrom "$source"
}

# method_ecr: fetches the image from its own private registry with a token.
method_ecr() {
  parse_ecr_host "${IMAGE%%/*}" || return 1
  evidence ecrRegion "$ECR_REGION"
  get_token ask_api 'curl with sha256sum' || return 1
  fetch_with_token "$IMAGE"
}

# method_fetch: fetches from a registry that requires no ECR token. containerd could pull the image itself, but the next pod
# would wait for the pull.
method_fetch() {
  parse_ecr_host "${IMAGE%%/*}" && return 1
  [[ $IMAGE != localhost/* ]] || return 1
  fetch "$IMAGE"
}

# add_second_name: see needs_second_name. ctr 2.x refuses a name without a tag, except with the option that skips the check.
add_second_name() {
  needs_second_name || return 0
  changing "tagging $IMAGE as $CONFIGURED_IMAGE"
  ctr_k8s 20 images tag --force --skip-reference-check "$IMAGE" "$CONFIGURED_IMAGE"
  ((RC == 0)) || tag_image "$IMAGE" "$CONFIGURED_IMAGE"
}

# keep_image NAME: pins the image, and waits until containerd's CRI plugin has handled that change and all before it. It learns of
# each by an event; until then pods use no image of that name, or the one before. While kubelet deletes hundreds of images, or on
# a slow disk, the events wait for a long time.
keep_image() {
  local deadline=$((SECONDS + CRI_SECONDS))
  pin_image "$1"
  while ((SECONDS < deadline)); do
    ctr_k8s 15 images ls "target.digest==\"$DIGEST\""
    if read_image_row "$1" "$WORK/out"; then
      if [[ $IMAGE_LABELS == *,io.cri-containerd.image=managed,* ]]; then
        pin_other_names "$WORK/out"
        return
      fi
    elif ((RC == 0)); then
      break
    fi
    bounded 2 sleep 0.25 || break
  done
  if ! image_is_ready; then
    evidence failedStep keep
    finish NotRepaired SandboxImageIncomplete
  fi
  finish NotRepaired SandboxImageUnseen
}

#@ section repair-mirror

# mirror_of TAG: the public image that replaces a pause image with that tag, by digest, in REPLY. The digests are those of the
# multi-platform lists of registry.k8s.io/pause. The content of a digest cannot change.
mirror_of() {
  local digest
  case ${1#v} in
    3.5 | 3.5[-.]*) digest=1ff6c18fbef2045af6b9c16bf034cc421a29027b800e4f9b68ae9b1cb3e9ae07 ;;
    3.6 | 3.6[-.]*) digest=3d380ca8864549e74af4b29c10f9cb0956236dfb01c40ca076fb6c37253234db ;;
    3.8 | 3.8[-.]*) digest=9001185023633d17a2f98ff69b6ff2615b8ea02a825adffa40422f51dfdcde9d ;;
    3.9 | 3.9[-.]*) digest=7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097 ;;
    3.10.1 | 3.10.1[-.]*) digest=278fb9dbcca9518083ad1e11276933a2e96f23de604a3a08cc3c80002767d24c ;;
    # All recent pause images behave alike, so an unknown tag gets a known image.
    *) digest=ee6521f290b2168b6e0935a181d4cff9be1ac3f505666ef0e3c98fae8199917a ;;
  esac
  REPLY=registry.k8s.io/pause@sha256:$digest
}

# method_mirror: fetches from a public registry, if policy allows it, where the node's own registry did not return the image.
method_mirror() {
  local mirror tag=''
  [[ ${IMAGE##*/} != *:* ]] || tag=${IMAGE##*:}
  mirror_of "$tag"
  mirror=$REPLY
  # The failure of the private registry was noted first. It is the one to report.
  fetch "$mirror" || return 1
  evidence mirror "$mirror"
  tag_image "$mirror" "$IMAGE" || return 1
  ctr_k8s 15 images rm "$mirror"
}
