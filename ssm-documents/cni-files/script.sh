# cni-files: finds out why a node's pods get no network: the CNI configuration, the programs of its plugins, aws-node. It
# repairs what is safe: an execute bit, a configuration that another CNI left behind, an aws-node that has to start again. It
# never writes a configuration: aws-node does that once its ipamd is up, and so tells the node that pods may come.
#
# This file tells the story; what it is made of lies beside it: config.sh, plugins.sh, agent.sh, fault.sh and repair.sh.
# shellcheck shell=bash disable=SC2034  # the prelude prints what is only set here

#@ section check
#@ use ./fault

check() {
  take_lock shared
  find_folders
  judge || finish_healthy
  refuse_blocked
  if may_be_starting; then
    evidence settleSeconds "$SETTLE_SECONDS"
    finish_with Unknown "$REASON_FOUND"
  fi
  finish_with Broken "$REASON_FOUND"
}

finish_healthy() {
  finish_with Healthy ''
}

#@ section repair
#@ use ./repair

# Leftovers one after another, and a restart of aws-node.
readonly MAX_REPAIR_STEPS=6

repair() {
  local first='' time
  take_lock exclusive
  find_folders
  judge || finish_healthy
  first=$REASON_FOUND
  for ((time = 0; time < MAX_REPAIR_STEPS; time++)); do
    refuse_blocked
    wait_for_start || finish_repaired "$first"
    log "repairing $REASON_FOUND by ${REPAIR_STEP:-nothing}"
    if [[ -z $REPAIR_STEP || $DONE == *" $REPAIR_STEP "* ]]; then
      break
    fi
    "repair_${REPAIR_STEP//-/_}" || break
    judge || finish_repaired "$first"
  done
  say_evidence
  finish_not_repaired "$REASON_FOUND"
}

# finish_repaired REASON: after a repair, or because the node had only just started.
finish_repaired() {
  [[ -n $METHOD ]] || finish_healthy
  [[ -z $MADE_EXECUTABLE ]] || evidence madeExecutable "$MADE_EXECUTABLE"
  [[ -z $MOVED_TO ]] || evidence movedTo "$MOVED_TO"
  [[ -z $RESTARTED ]] || evidence restarted "$RESTARTED"
  finish_with Repaired "$1"
}
