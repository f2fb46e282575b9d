# cni-files: finds out why a node's pods get no network: the CNI configuration, the programs of its plugins, aws-node. It
# repairs an execute bit and a configuration that another CNI left behind, and restarts aws-node. It never writes a CNI
# configuration: aws-node writes it when its ipamd is up, and only then is the node ready for pods.
#
# This file is the outline. Its parts are beside it: config.sh, plugins.sh, agent.sh, fault.sh and repair.sh.
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

# The maximum: several leftovers, one after another, and a restart of aws-node.
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

# finish_repaired REASON: ends after a repair, or where the node had only just started.
finish_repaired() {
  [[ -n $METHOD ]] || finish_healthy
  [[ -z $MADE_EXECUTABLE ]] || evidence madeExecutable "$MADE_EXECUTABLE"
  [[ -z $MOVED_TO ]] || evidence movedTo "$MOVED_TO"
  [[ -z $RESTARTED ]] || evidence restarted "$RESTARTED"
  finish_with Repaired "$1"
}
