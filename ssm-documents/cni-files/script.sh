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
  ! may_be_starting || finish_with Unknown "$REASON_FOUND" "$SAID But the runtime or aws-node started less than $SETTLE_SECONDS s ago: check again later."
  finish_with Broken "$REASON_FOUND" "$SAID $ADVICE"
}

finish_healthy() {
  finish_with Healthy '' "$CONFIG and its plugins are in order."
}

#@ section repair
#@ use ./repair
#@ sets ADVICE

# Leftovers one after another, and an aws-node that starts anew.
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
    log "$REASON_FOUND: $SAID"
    if [[ -z $REPAIR_STEP || $DONE == *" $REPAIR_STEP "* ]]; then
      break
    fi
    "repair_${REPAIR_STEP//-/_}" || break
    judge || finish_repaired "$first"
  done
  say_evidence
  # What the repair would do has been done, or could not be.
  [[ $ADVICE != 'The repair '* ]] || ADVICE='The repair did not help: look at the aws-node pod, or replace the node.'
  finish_not_repaired "$REASON_FOUND" "$SAID $ADVICE"
}

# finish_repaired REASON: after a repair, or because the node had only just started.
finish_repaired() {
  [[ -n $METHOD ]] || finish_healthy
  finish_with Repaired "$1" "${DID# }"
}
