# The conditions that the runtime reports to kubelet in its answer to Status.
#@ use node/cri
#@ sets CRI_STATE CRI_ERROR
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# NetworkReady: true, false or unknown; and the runtime's own message.
NETWORK_READY=unknown NETWORK_WHY=''

# read_conditions: the runtime's own conditions, after ask_cri.
read_conditions() {
  local text
  NETWORK_READY=unknown NETWORK_WHY=''
  [[ $CRI_STATE == ready ]] || return 0
  read_answer
  text=$REPLY
  if [[ $text == *NetworkReady* ]]; then
    NETWORK_READY=true
    if ! read_condition "${text#*NetworkReady}"; then
      NETWORK_READY=false NETWORK_WHY=$REPLY
    fi
  fi
  if [[ $text == *RuntimeReady* ]] && ! read_condition "${text#*RuntimeReady}"; then
    CRI_STATE=not-ready CRI_ERROR=$REPLY
  fi
}

# read_condition TEXT: whether the condition whose fields TEXT begins with is true; otherwise its message is in REPLY.
read_condition() {
  [[ $1 != $'\020\001'* ]] || return 0
  # The reason, then one byte for the field of the message and one or two for its length.
  REPLY=${1#*NotReady\"}
  if [[ $REPLY == [$'\001'-$'\177']* ]]; then
    REPLY=${REPLY:1}
  else
    REPLY=${REPLY:2}
  fi
  REPLY=${REPLY%%[[:cntrl:]]*}
  return 1
}
