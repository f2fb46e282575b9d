# What is wrong with the node's CNI files, whether that can be repaired, and what is said about it.
#@ use ./plugins
#@ use ./agent
#@ sets AWS_NODE AWS_NODE_ID IPAMD NETWORK_READY CONFIG_FAULT
# shellcheck shell=bash disable=SC2034,SC2153  # script.sh reads what is only set here

# The reason, a sentence, what the repair could do about it (empty: nothing), and what to do.
REASON_FOUND='' SAID='' REPAIR_STEP='' ADVICE=''
readonly NONE='no pod gets a network.'

# judge: what is wrong, in the variables above; 1 if nothing is. A file may be half written and a pod be replaced at this
# moment, so what such a moment can explain is looked at twice.
judge() {
  find_fault || return 1
  # A silent ipamd has been asked twice already.
  [[ $REASON_FOUND != CNIBinary* && $IPAMD != silent ]] || return 0
  bounded 5 sleep 3 || true
  find_fault
}

find_fault() {
  REASON_FOUND='' SAID='' REPAIR_STEP='' ADVICE='' AWS_NODE=unknown AWS_NODE_ID='' IPAMD='' NETWORK_READY=unknown
  read_configs
  if [[ -z $CONFIG ]]; then
    look_at_ipamd
    REASON_FOUND=CNIConfigMissing SAID="There is no CNI configuration in $CONF_DIR: the node is not ready."
    by_aws_node
  else
    bad_config || leftover || bad_programs || bad_ipamd || bad_network
  fi
}

# by_aws_node: whether aws-node could repair it by starting anew: it then installs its own plugins, and writes its
# configuration once ipamd is up.
by_aws_node() {
  find_aws_node
  ADVICE='Look at the aws-node pod: kubectl -n kube-system describe.'
  if [[ $AWS_NODE == running ]]; then
    REPAIR_STEP=restart-aws-node ADVICE='The repair restarts aws-node.'
  fi
}

bad_config() {
  if [[ -z $CONFIG_FAULT ]] && ! supports_version; then
    CONFIG_FAULT="has the cniVersion \"$CNI_VERSION\", which $REPLY does not speak"
  fi
  [[ -n $CONFIG_FAULT ]] || return 1
  REASON_FOUND=CNIConfigInvalid SAID="$CONFIG $CONFIG_FAULT, and the runtime takes no other: $NONE"
  ADVICE='Repair it, or move it away if its CNI is out of use.'
  [[ ${CONFIG##*/} != "$AWS_CONFIG" ]] || by_aws_node
}

leftover() {
  is_leftover || return 1
  REASON_FOUND=CNIConfigConflict REPAIR_STEP=move-aside
  SAID="$CONFIG comes before $AWS_CONFIG, but its CNI has no agent on this node."
  ADVICE='The repair moves it aside.'
}

bad_programs() {
  look_at_programs
  if [[ -n $MISSING ]]; then
    REASON_FOUND=CNIBinaryMissing SAID="${BIN_DIRS[*]} lacks$MISSING, which $CONFIG needs: $NONE"
  elif [[ -n $UNUSABLE ]]; then
    REASON_FOUND=CNIBinaryInvalid
    SAID="In ${BIN_DIRS[*]}$UNUSABLE cannot run on this machine (damaged, or of another architecture): $NONE"
  elif [[ -n $LOCKED ]]; then
    REASON_FOUND=CNIBinaryInvalid REPAIR_STEP=set-mode SAID="${LOCKED# } may not be executed: $NONE"
    ADVICE='The repair sets the execute bit.'
    return
  else
    return 1
  fi
  ADVICE="Restart the agent of the node's CNI."
  if [[ $TYPES == *' aws-cni '* ]]; then
    # These its container installs itself; all others come from the init container of a new pod.
    [[ ! $MISSING$UNUSABLE =~ ^(\ (aws-cni|egress-cni|egress-v4-cni))+$ ]] || by_aws_node
    [[ -n $REPAIR_STEP ]] || ADVICE="Delete the node's aws-node pod (kubectl -n kube-system delete pod): the init container of the new one installs them."
  fi
}

bad_ipamd() {
  [[ $TYPES == *' aws-cni '* ]] || return 1
  look_at_ipamd
  [[ $IPAMD != up ]] || return 1
  REASON_FOUND=CNINotReady
  by_aws_node
  SAID="aws-node's ipamd is $IPAMD (container $AWS_NODE): no pod gets an address."
}

# bad_network: the files are in order; what does the runtime say?
bad_network() {
  ask_runtime
  [[ $NETWORK_READY != @(true|unknown) ]] || return 1
  REASON_FOUND=CNINotReady SAID="$CONFIG is in order, but the runtime says: ${NETWORK_WHY:-no answer}."
  ADVICE='Its folder may have been replaced, which it does not see: restart the runtime; running pods go on.'
}

# refuse_blocked: ends where the cause lies in an earlier remediation.
refuse_blocked() {
  local by=''
  if [[ $ON_DOCKER == true ]]; then
    if [[ $NETWORK_READY == down || -z $CRI_DOCKERD_PID && $KUBELET_ENDPOINT == *cri-dockerd* ]]; then
      by='cri-dockerd (CRIDockerdDown)'
    elif [[ $WITHOUT_CNI == true ]]; then
      by='cri-dockerd (CRIDockerdNoCNI)'
    fi
  elif [[ $NETWORK_READY == down ]]; then
    finish_undecided RuntimeDown "containerd (unit ${CONTAINERD_STATE:-unknown}) does not answer at $CONTAINERD_SOCKET."
  elif [[ $AWS_NODE == @(stopped|absent) ]] && sandbox_image_is_missing; then
    by='pause-image (SandboxImageMissing)'
  fi
  [[ -n $by ]] || return 0
  SKIP_REASON=BlockedBy
  finish_with Skipped "$REASON_FOUND" "$SAID Blocked by $by: repair that first."
}

# may_be_starting: whether a node or an aws-node that has only just started explains the fault.
may_be_starting() {
  [[ $REASON_FOUND == CNI@(ConfigMissing|NotReady) ]] && is_settling
}

# finish_with OUTCOME REASON MESSAGE: `finish`, with what was seen.
finish_with() {
  say_evidence
  finish "$@"
}

say_evidence() {
  local types=${TYPES# }
  [[ -z $CONFIG ]] || evidence config "$CONFIG"
  [[ -z $types ]] || evidence plugins "${types% }"
  [[ $AWS_NODE == unknown ]] || evidence awsNode "$AWS_NODE"
  [[ -z $IPAMD ]] || evidence ipamd "$IPAMD"
  if [[ $IPAMD == @(down|silent) && -f $IPAMD_LOG ]]; then
    capture 5 tail -c 32768 "$IPAMD_LOG"
    if [[ $OUT == *'"level":"error"'* ]]; then
      OUT=${OUT##*'"level":"error"'}
      OUT=${OUT#*'"msg":"'}
      evidence ipamdLog "${OUT%%'"}'*}"
    fi
  fi
  [[ $NETWORK_READY != unknown ]] || ask_runtime
  if [[ $NETWORK_READY != unknown ]]; then
    evidence networkReady "$NETWORK_READY"
    evidence networkReadyBy cri
  fi
}
