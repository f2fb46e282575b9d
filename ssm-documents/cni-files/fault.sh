# The fault of the node's CNI files, whether it can be repaired, and the evidence.
#@ use ./plugins
#@ use ./agent
#@ sets AWS_NODE AWS_NODE_ID IPAMD NETWORK_READY CONFIG_FAULT CRI_STATE
# shellcheck shell=bash disable=SC2034,SC2153  # script.sh reads what is only set here

# The reason, and the step with which the repair can fix it (empty: none).
REASON_FOUND='' REPAIR_STEP=''
# The plugin that does not support the cniVersion. The agent of the configuration that does not run, and its state.
UNSUPPORTED_BY='' MISSING_AGENT='' AGENT_STATE=''

# judge: finds the fault, in the variables above; 1 if there is none. A file may be half written, or a new pod may be
# starting, so it checks twice for a fault that such a moment can explain.
judge() {
  find_fault || return 1
  # An ipamd that does not respond has been called twice already.
  [[ $REASON_FOUND != CNIBinary* && $IPAMD != silent ]] || return 0
  bounded 5 sleep 3 || true
  find_fault
}

find_fault() {
  REASON_FOUND='' REPAIR_STEP='' UNSUPPORTED_BY='' MISSING_AGENT=''
  AWS_NODE=unknown AWS_NODE_ID='' IPAMD='' NETWORK_READY=unknown CRI_STATE=''
  read_configs
  if [[ -z $CONFIG ]]; then
    look_at_ipamd
    REASON_FOUND=CNIConfigMissing
    by_aws_node
  else
    bad_config || leftover || bad_programs || bad_agent || bad_ipamd || bad_network
  fi
}

# by_aws_node: whether a restart of aws-node can repair it: aws-node then installs its own plugins, and writes its
# configuration when ipamd is up.
by_aws_node() {
  find_aws_node
  if [[ $AWS_NODE == running ]]; then
    REPAIR_STEP=restart-aws-node
  fi
}

bad_config() {
  if [[ -z $CONFIG_FAULT ]] && ! supports_version; then
    CONFIG_FAULT=unsupported-version UNSUPPORTED_BY=$REPLY
  fi
  [[ -n $CONFIG_FAULT ]] || return 1
  REASON_FOUND=CNIConfigInvalid
  [[ ${CONFIG##*/} != "$AWS_CONFIG" ]] || by_aws_node
}

# leftover: a file is moved only where pods get no network by it: the runtime reports that, or a program of it is missing.
leftover() {
  is_leftover || return 1
  REASON_FOUND=CNIConfigConflict
  ask_runtime
  look_at_programs
  if [[ $NETWORK_READY == false || -n $MISSING$UNUSABLE ]]; then
    REPAIR_STEP=move-aside
  fi
}

bad_programs() {
  look_at_programs
  if [[ -n $MISSING ]]; then
    REASON_FOUND=CNIBinaryMissing
  elif [[ -n $UNUSABLE ]]; then
    REASON_FOUND=CNIBinaryInvalid
  elif [[ -n $LOCKED ]]; then
    REASON_FOUND=CNIBinaryInvalid REPAIR_STEP=set-mode
    return
  else
    return 1
  fi
  # aws-node's container installs these itself; the init container of a new pod installs all others.
  if [[ $TYPES == *' aws-cni '* && $MISSING$UNUSABLE =~ ^(\ (aws-cni|egress-cni|egress-v4-cni))+$ ]]; then
    by_aws_node
  fi
}

# bad_agent: the configuration that the runtime uses is that of a CNI whose agent does not run. It may be meant to run, so that
# only a person can decide.
bad_agent() {
  local type
  for type in $TYPES; do
    [[ "$AGENTS$OTHER_AGENTS" == *" $type="[a-z]* ]] || continue
    MISSING_AGENT="$AGENTS$OTHER_AGENTS"
    MISSING_AGENT=${MISSING_AGENT#*" $type="}
    MISSING_AGENT=${MISSING_AGENT%% *}
    # In any namespace: some are installed in one of their own.
    state_of '' "$MISSING_AGENT"
    AGENT_STATE=$REPLY
    if [[ $AGENT_STATE == @(absent|stopped) ]]; then
      REASON_FOUND=CNIAgentMissing
      return 0
    fi
  done
  MISSING_AGENT=''
  return 1
}

bad_ipamd() {
  [[ $TYPES == *' aws-cni '* ]] || return 1
  look_at_ipamd
  [[ $IPAMD != up ]] || return 1
  REASON_FOUND=CNINotReady
  by_aws_node
}

# bad_network: the files are valid, but nobody has seen the runtime report a ready network.
bad_network() {
  ask_runtime
  [[ $NETWORK_READY != true ]] || return 1
  REASON_FOUND=CNINotReady
}

# refuse_blocked: ends where an earlier remediation must repair the cause, and where this one cannot decide.
refuse_blocked() {
  local by=''
  if [[ $ON_DOCKER == true ]]; then
    blocked_on_docker
    by=$REPLY
  elif [[ $CRI_STATE == @(unimplemented|foreign|not-ready) ]]; then
    by='pause-image (CRINotServed)'
  elif [[ $CRI_STATE == @(down|silent) ]]; then
    evidence unitState "${CONTAINERD_STATE:-unknown}"
    cri_socket
    evidence socket "$REPLY"
    finish_undecided RuntimeDown "$CRI_ERROR"
  elif [[ $AWS_NODE == @(stopped|absent) ]] && sandbox_image_is_missing; then
    by='pause-image (SandboxImageMissing)'
  fi
  if [[ -n $by ]]; then
    SKIP_REASON=BlockedBy
    evidence blockedBy "$by"
    finish_with Skipped "$REASON_FOUND"
  elif [[ $CONFIG_FAULT == unread ]]; then
    evidence configProblem unread
    finish_undecided CNIConfigInvalid "$CONFIG_ERROR"
  elif [[ $CRI_STATE == unasked && $REASON_FOUND == CNINotReady && $IPAMD != @(down|silent) ]]; then
    evidence tool curl
    finish_undecided ToolMissing
  fi
}

# blocked_on_docker: the fault that cri-dockerd's remediation finds first, in REPLY.
blocked_on_docker() {
  REPLY=''
  if [[ $CRI_STATE == foreign || $CRI_DOCKERD_LOAD == not-found && $KUBELET_ENDPOINT == *cri-dockerd* ]]; then
    REPLY='cri-dockerd (RuntimeEndpointConflict)'
  elif [[ $CRI_STATE == @(down|silent|unimplemented|not-ready) || -z $CRI_DOCKERD_PID && $KUBELET_ENDPOINT == *cri-dockerd* ]]; then
    REPLY='cri-dockerd (CRIDockerdDown)'
  elif [[ $WITHOUT_CNI == true ]]; then
    REPLY='cri-dockerd (CRIDockerdNoCNI)'
  fi
}

# may_be_starting: whether a node or an aws-node that has only just started can explain the fault.
may_be_starting() {
  [[ $REASON_FOUND == CNI@(ConfigMissing|NotReady|AgentMissing) ]] && is_settling
}

# finish_with OUTCOME REASON: `finish`, with the evidence.
finish_with() {
  say_evidence
  finish "$@"
}

say_evidence() {
  local types=${TYPES# }
  say_fault
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
  [[ -n $CRI_STATE ]] || ask_runtime
  if [[ $NETWORK_READY != unknown ]]; then
    evidence networkReady "$NETWORK_READY"
    evidence networkReadyBy cri
  fi
}

# say_fault: the evidence of the fault that was found.
say_fault() {
  [[ -n $REASON_FOUND ]] || return 0
  evidence repairStep "${REPAIR_STEP:-none}"
  case $REASON_FOUND in
    CNIConfigMissing) evidence confDir "$CONF_DIR" ;;
    CNIConfigInvalid)
      evidence configProblem "$CONFIG_FAULT"
      [[ -z $CONFIG_ERROR ]] || evidence configError "$CONFIG_ERROR"
      if [[ -n $UNSUPPORTED_BY ]]; then
        evidence cniVersion "${CNI_VERSION:-none}"
        evidence unsupportedBy "$UNSUPPORTED_BY"
      fi
      ;;
    CNIBinary*)
      evidence binDirs "${BIN_DIRS[*]}"
      [[ -z $MISSING ]] || evidence missingPlugins "${MISSING# }"
      [[ -z $UNUSABLE ]] || evidence unusablePlugins "${UNUSABLE# }"
      [[ -z $LOCKED ]] || evidence notExecutable "${LOCKED# }"
      [[ $TYPES != *' aws-cni '* ]] || evidence pluginAgent aws-node
      ;;
    CNIAgentMissing)
      evidence missingAgent "$MISSING_AGENT"
      evidence agentState "$AGENT_STATE"
      ;;
    CNINotReady)
      [[ -z $NETWORK_WHY ]] || evidence networkMessage "$NETWORK_WHY"
      ;;
  esac
}
