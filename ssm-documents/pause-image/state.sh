# The state on which pause-image bases its decisions: which image is the sandbox image, whether it is usable and pinned, and why
# it is missing.
#@ use node/kubelet
#@ use node/containerd
#@ use node/cri
#@ use images/images
#@ use node/disk
#@ use ecr/ecr
#@ use base/trust
#@ sets CONFIGURED_IMAGE IMAGE_PINNED IMAGE_LABELS
# shellcheck shell=bash disable=SC2034  # the prelude and script.sh read what is only set here

readonly PAUSE_TAR=${FLEETMEND_PAUSE_TAR:-/etc/eks/pause.tar}

REASON_FOUND=''
# none: this containerd never reports a pin; restart: a label takes effect at containerd's next start; yes.
PIN_SUPPORT=''
# absent, incomplete (a record without its content), replaced (not the one of the local copy) or ready.
IMAGE_STATE=''
# Whether only the name without a tag is missing, which this containerd also looks up.
LACKS_SECOND_NAME=false
# Whether kubelet protects another image than this one, where it does not support the pin.
KUBELET_SPARES_ANOTHER=false
# The process that reads the journal.
JOURNAL_PID=''
at_exit take_journal

# diagnose: collects the state for check and repair. It changes nothing.
diagnose() {
  find_services
  read_kubelet
  refuse_foreign_platforms
  read_containerd
  refuse_unserved
  read_runtime_version
  evidence containerd "$CONTAINERD_VERSION"
  if [[ -z $CONFIGURED_IMAGE ]]; then
    default_image "$CONTAINERD_VERSION"
    CONFIGURED_IMAGE=$REPLY
  fi
  if [[ ! $CONFIGURED_IMAGE =~ $REFERENCE ]]; then
    evidence configuredImage "$CONFIGURED_IMAGE"
    finish_undecided ConfigUnreadable
  fi
  full_reference "$CONFIGURED_IMAGE"
  IMAGE=$REPLY
  pin_support "$CONTAINERD_VERSION"
  PIN_SUPPORT=$REPLY
  read_image_state
  read_disk
  evidence gcHighPercent "$GC_HIGH_PERCENT"
  [[ -z $GC_MAX_AGE ]] || evidence imageMaximumGCAge "$GC_MAX_AGE"
  evidence pinSupport "$PIN_SUPPORT"
  [[ $SNAPSHOTTER == overlayfs ]] || evidence snapshotter "$SNAPSHOTTER"
  if [[ -n $KUBELET_UNIT && $KUBELET_STATE != active ]]; then
    evidence kubelet "$KUBELET_STATE"
    [[ $KUBELET_STATE == activating ]] || evidence stoppedUnit "$KUBELET_UNIT"
  fi
  compare_images
  find_cause
}

# refuse_unserved: ends where containerd does not serve kubelet: no image helps there. Docker's own package turns the CRI off,
# which is right where there is no kubelet.
refuse_unserved() {
  local socket
  if [[ $CRI_DISABLED == true ]]; then
    evidence criPlugin disabled
    [[ -n $KUBELET_PID$KUBELET_UNIT ]] || finish Unsupported RuntimeNotContainerd
  fi
  cri_socket
  socket=$REPLY
  ask_cri "$socket"
  [[ $CRI_STATE != @(ready|unasked) ]] || return 0
  evidence socket "$socket"
  if [[ $CRI_STATE == @(down|silent) ]]; then
    evidence unitState "${CONTAINERD_STATE:-unknown}"
    finish_undecided RuntimeDown "$CRI_ERROR"
  fi
  evidence criState "$CRI_STATE"
  read_runtime_version
  evidence containerd "$CONTAINERD_VERSION"
  cri_words
  [[ $ACTION == check ]] || finish NotRepaired CRINotServed "$REPLY"
  finish Broken CRINotServed "$REPLY"
}

# compare_images: whether kubelet's flag for another sandbox image has an effect. Up to 1.28, kubelet keeps the image of its flag
# and those that the runtime reports as pinned. From 1.29 on the flag has no effect, and 1.35 does not start with it (kubernetes
# #118544, #133779). If the version of kubelet is unknown, it is treated as an old one.
compare_images() {
  KUBELET_SPARES_ANOTHER=false
  kubelet_names_another_image || return 0
  evidence kubeletImage "$KUBELET_SANDBOX_IMAGE"
  evidence configuredImage "$CONFIGURED_IMAGE"
  if [[ $PIN_SUPPORT == yes && $IMAGE_PINNED == true && $IMAGE_STATE == ready ]]; then
    return
  fi
  kubelet_minor
  if [[ -z $REPLY ]] || ((REPLY < 29)); then
    KUBELET_SPARES_ANOTHER=true
  fi
}

# find_tag_source: the sandbox image under the name of another EKS registry, complete and for this platform, in REPLY; 1 if
# there is none.
find_tag_source() {
  local name platform platforms candidates=()
  read_platform
  platform=$REPLY
  # Without a filter ctr reads manifest and configuration of every image.
  ctr_k8s 15 images ls "name~=\"/${IMAGE#*/}\$\""
  # A size has two words: a number and its unit.
  while read -r name _ _ _ _ platforms _; do
    if trusted_source "$name" "$IMAGE" && [[ ",$platforms," == *",linux/$platform"[,/]* ]]; then
      candidates+=("$name")
    fi
  done < "$WORK/out"
  # bash before 4.4 treats an empty array as an unset variable.
  ((${#candidates[@]} > 0)) || return 1
  for name in "${candidates[@]}"; do
    if image_is_usable "$name"; then
      REPLY=$name
      return 0
    fi
  done
  return 1
}

# default_image VERSION: containerd's default sandbox image, in REPLY.
default_image() {
  case $1 in
    1.6.*) REPLY=registry.k8s.io/pause:3.6 ;;
    1.7.*) REPLY=registry.k8s.io/pause:3.8 ;;
    2.0.* | 2.1.*) REPLY=registry.k8s.io/pause:3.10 ;;
    2.2.*) REPLY=registry.k8s.io/pause:3.10.1 ;;
    2.*) REPLY=registry.k8s.io/pause:3.10.2 ;;
    *) REPLY='' ;;
  esac
}

# needs_second_name: whether this containerd looks up the image under two names. From 2.3.0 to 2.3.3 it also uses a reference
# without a tag unchanged (amazon-eks-ami #2729, containerd 0b2f1d078); other versions only add `:latest`.
needs_second_name() {
  [[ $CONFIGURED_IMAGE != "$IMAGE" && $CONFIGURED_IMAGE != *@* && $CONTAINERD_VERSION =~ ^2\.3\.[0-3]$ ]]
}

# read_image_state: the state of IMAGE in containerd, in IMAGE_STATE and the variables beside it.
read_image_state() {
  IMAGE_STATE=absent IMAGE_PINNED=false IMAGE_LABELS='' DIGEST=''
  ctr_k8s 15 images ls "name==\"$IMAGE\""
  ((RC == 0)) || OUT=''
  must_be_a_list
  ! read_image_row "$IMAGE" "$WORK/out" || image_is_ready || true
}

# must_be_a_list: ends where ctr has printed no list.
must_be_a_list() {
  [[ $OUT != REF* ]] || return 0
  capture_error
  evidence unitState "${CONTAINERD_STATE:-unknown}"
  evidence socket "$CONTAINERD_SOCKET"
  finish_undecided RuntimeDown "$REPLY"
}

# image_is_ready: whether the sandbox image is usable now, and its digest, without its labels.
image_is_ready() {
  IMAGE_STATE=incomplete LACKS_SECOND_NAME=false
  # Its exit code is not 0 where content is missing, which is no error here.
  ctr_k8s 15 images check --snapshotter "$SNAPSHOTTER" "name==\"$IMAGE\""
  must_be_a_list
  [[ ! $OUT =~ sha256:[0-9a-f]{64} ]] || DIGEST=${BASH_REMATCH[0]}
  read_check_row "$IMAGE" "$WORK/out" || return 1
  if needs_second_name; then
    ctr_k8s 15 images ls --quiet "name==\"$CONFIGURED_IMAGE\""
    [[ $OUT == "$CONFIGURED_IMAGE"* ]] || LACKS_SECOND_NAME=true
  fi
  IMAGE_STATE=ready
  if [[ $LACKS_SECOND_NAME == true ]]; then
    IMAGE_STATE=absent
  elif differs_from_local_copy; then
    IMAGE_STATE=replaced
  fi
  [[ $IMAGE_STATE == ready ]]
}

# differs_from_local_copy: whether the image has the name of the one in PAUSE_TAR, and another digest. A name of localhost/ is
# in no registry, but the runtime pulls it from any pod that listens there. The index in the file, which is not compressed, has
# the digest that containerd gives the image when it imports the file.
differs_from_local_copy() {
  [[ $IMAGE == localhost/* && -f $PAUSE_TAR ]] && trusted_path "$PAUSE_TAR" || return 1
  capture 10 grep --text --only-matching --fixed-strings -e "\"io.containerd.image.name\":\"$IMAGE\"" -e "\"$DIGEST\"" "$PAUSE_TAR"
  [[ $OUT == *"\"$IMAGE\""* && $OUT != *"\"$DIGEST\""* ]] || return 1
  evidence localCopy "$PAUSE_TAR"
  evidence foreignDigest "$DIGEST"
}

kubelet_names_another_image() {
  [[ -n $KUBELET_SANDBOX_IMAGE && $KUBELET_SANDBOX_IMAGE != "$CONFIGURED_IMAGE" && $KUBELET_SANDBOX_IMAGE != "$IMAGE" ]]
}

# find_cause: why the image is missing or may be deleted, as far as the node shows it, in CAUSE.
find_cause() {
  CAUSE=''
  if disk_is_over_threshold; then
    CAUSE=ImageGCPressure
    return
  elif [[ $KUBELET_SPARES_ANOTHER == true ]]; then
    CAUSE=SandboxImageMismatch
  elif [[ -n $GC_MAX_AGE && ($IMAGE_STATE != ready || $PIN_SUPPORT != yes) ]]; then
    CAUSE=ImageGCPressure
  elif [[ $PIN_SUPPORT != yes ]]; then
    CAUSE=PinningUnsupported
  fi
  if [[ $IMAGE_STATE != ready ]]; then
    # kubelet has deleted images until the disk was below the threshold: only the journal still shows it. A long one is read
    # while the script goes on.
    (journal_shows_gc && printf '%s' "$REPLY" > "$WORK/gc") &
    JOURNAL_PID=$!
  fi
}

# take_journal: the cause that the journal shows, before the result is printed.
take_journal() {
  [[ -n $JOURNAL_PID ]] || return 0
  wait "$JOURNAL_PID" || return 0
  slurp "$WORK/gc"
  CAUSE=ImageGCPressure
  evidence imageGCAt "${REPLY%% *}"
}

# fault: the fault of the image, in REASON_FOUND; 1 if it has none.
fault() {
  case $IMAGE_STATE in
    absent)
      REASON_FOUND=SandboxImageMissing
      if [[ $LACKS_SECOND_NAME == true ]]; then
        evidence missingName "$CONFIGURED_IMAGE"
      fi
      ;;
    incomplete) REASON_FOUND=SandboxImageIncomplete ;;
    replaced) REASON_FOUND=SandboxImageReplaced ;;
    *)
      # This containerd would not report the label.
      if [[ $PIN_SUPPORT == yes && $IMAGE_PINNED == false ]]; then
        REASON_FOUND=SandboxImageUnpinned
      elif [[ $PIN_SUPPORT != yes && $KUBELET_SPARES_ANOTHER == true ]]; then
        REASON_FOUND=SandboxImageMismatch
      else
        return 1
      fi
      ;;
  esac
}

# fault_is_repairable: whether a repair can fix the fault.
fault_is_repairable() {
  [[ $REASON_FOUND != SandboxImageMismatch ]]
}

# may_recur: whether kubelet may delete the image again, as true or false in REPLY. It deletes no pinned image, however full the
# disk is.
may_recur() {
  REPLY=true
  if [[ $PIN_SUPPORT == yes && $IMAGE_PINNED == true ]]; then
    REPLY=false
  fi
}
