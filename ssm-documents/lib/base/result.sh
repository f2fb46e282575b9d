# The result of a document: the JSON line on stdout, and its members. It has no sentences, but a reason, named evidence and, if a
# tool failed, the last error line of that tool. The builder adds `title_of REASON`.
# shellcheck shell=bash disable=SC2034  # the scripts read what is only set here

# The members of the result line; `finish` sets the first three.
OUTCOME='' REASON='' DETAIL=''
SKIP_REASON='' CAUSE='' METHOD='' IMAGE='' DIGEST='' WILL_RECUR='' EVIDENCE=''
# The members of EVIDENCE, one by one.
FACTS=()

# The maximum size in bytes of a value of the evidence, and of the detail, before they are escaped.
readonly EVIDENCE_BYTES=160 DETAIL_BYTES=300

# json_string TEXT MAX: TEXT as a JSON string of at most MAX bytes before escaping, in REPLY. Line ends and tabs are
# kept as escapes; bytes outside ASCII become `?`, since they need not be valid UTF-8.
json_string() {
  local text=$1 max=$2 out='' char i
  if ((${#text} > max)); then
    text="${text:0:max-3}..."
  fi
  if [[ $text == *[!\ !#-\[\]-~]* ]]; then
    for ((i = 0; i < ${#text}; i++)); do
      char=${text:i:1}
      case $char in
        '"' | \\) out+="\\$char" ;;
        $'\n') out+='\n' ;;
        $'\r') out+='\r' ;;
        $'\t') out+='\t' ;;
        [[:cntrl:]])
          printf -v char '\\u%04x' "'$char"
          out+=$char
          ;;
        [\ -~]) out+=$char ;;
        *) out+='?' ;;
      esac
    done
    text=$out
  fi
  REPLY="\"$text\""
}

# evidence KEY VALUE: adds a fact to the result; the first value of a key stays. Numbers and true or false keep their JSON type.
# It does not change REPLY. VALUE is data: a name, a path, a number, a word from a tool. Sentences are in the catalogue
# (remediation.ts).
evidence() {
  local key=$1 value=$2 kept=${REPLY-}
  [[ ,$EVIDENCE != *",\"$key\":"* ]] || return 0
  if [[ $value =~ ^(0|[1-9][0-9]{0,14}|true|false)$ ]]; then
    REPLY=$value
  else
    json_string "$value" "$EVIDENCE_BYTES"
  fi
  FACTS+=("\"$key\":$REPLY")
  EVIDENCE+="${EVIDENCE:+,}\"$key\":$REPLY"
  REPLY=$kept
}

# forget_evidence: for a repair that checks the node again.
forget_evidence() {
  EVIDENCE='' FACTS=()
}

# drop_longest_fact: where a result line would be too long; 1 where there is no fact to drop.
drop_longest_fact() {
  local i longest=-1
  ((${#FACTS[@]} > 0)) || return 1
  for i in "${!FACTS[@]}"; do
    if ((longest < 0 || ${#FACTS[i]} > ${#FACTS[longest]})); then
      longest=$i
    fi
  done
  unset "FACTS[longest]"
  EVIDENCE=''
  # bash before 4.4 treats an empty array as an unset variable.
  ((${#FACTS[@]} > 0)) || return 0
  for i in "${!FACTS[@]}"; do
    EVIDENCE+="${EVIDENCE:+,}${FACTS[i]}"
  done
}

# title: the title of the result in the console, in REPLY.
title() {
  case $OUTCOME in
    Healthy) REPLY='No fault was found' ;;
    Repaired) REPLY='The node was repaired' ;;
    *) title_of "$REASON" ;;
  esac
}

# report_fields DETAIL_BYTES WITH_EVIDENCE: the report about one remediation, as JSON members, in REPLY.
report_fields() {
  local fields="\"remediation\":\"$REMEDIATION\""
  # A finding is part of node-check's own line.
  [[ -n $SHARED ]] || fields="\"v\":2,$fields,\"action\":\"$ACTION\""
  fields+=",\"outcome\":\"$OUTCOME\""
  [[ -z $SKIP_REASON ]] || fields+=",\"skipReason\":\"$SKIP_REASON\""
  [[ -z $REASON ]] || fields+=",\"reason\":\"$REASON\""
  [[ -z $CAUSE ]] || fields+=",\"cause\":\"$CAUSE\""
  [[ -z $METHOD ]] || fields+=",\"method\":\"$METHOD\""
  if [[ -n $IMAGE ]]; then
    # An image reference has no other characters, so that it never needs an escape.
    fields+=",\"image\":\"${IMAGE//[!A-Za-z0-9._:\/@-]/?}\""
  fi
  [[ ! $DIGEST =~ ^sha256:[0-9a-f]{64}$ ]] || fields+=",\"digest\":\"$DIGEST\""
  [[ -z $WILL_RECUR ]] || fields+=",\"willRecur\":$WILL_RECUR"
  title
  json_string "$REPLY" 80
  fields+=",\"title\":$REPLY"
  if [[ -n $DETAIL ]] && (($1 > 0)); then
    json_string "$DETAIL" "$1"
    fields+=",\"detail\":$REPLY"
  fi
  if [[ $2 == true && -n $EVIDENCE ]]; then
    fields+=",\"evidence\":{$EVIDENCE}"
  fi
  REPLY=$fields
}

# exit_code OUTCOME: 0 healthy or repaired, 1 not, 2 undecided; in REPLY. Therefore a document never exits with a code that has a
# meaning for the SSM agent (137, 168, 169, and 194: reboot the node).
exit_code() {
  case $1 in
    Healthy | Repaired) REPLY=0 ;;
    Broken | NotRepaired | Unsupported) REPLY=1 ;;
    *) REPLY=2 ;;
  esac
}
