# What a document says: the one JSON line on stdout, and what goes into it. Always there, after the prelude.
# shellcheck shell=bash disable=SC2034  # the scripts read what is only set here

# What the result line will say; `finish` sets the first three.
OUTCOME='' REASON='' MESSAGE=''
SKIP_REASON='' CAUSE='' METHOD='' IMAGE='' DIGEST='' WILL_RECUR='' EVIDENCE=''

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

# evidence KEY VALUE: adds a fact to the result. Numbers and true or false keep their JSON type.
evidence() {
  local key=$1 value=$2
  if [[ $value =~ ^(0|[1-9][0-9]{0,14}|true|false)$ ]]; then
    REPLY=$value
  else
    json_string "$value" 160
  fi
  EVIDENCE+="${EVIDENCE:+,}\"$key\":$REPLY"
}

# report_fields MESSAGE_BYTES WITH_EVIDENCE: what is said of one remediation, as JSON members, in REPLY.
report_fields() {
  local fields="\"remediation\":\"$REMEDIATION\""
  # A finding lies in node-check's own line.
  [[ -n $SHARED ]] || fields="\"v\":1,$fields,\"action\":\"$ACTION\""
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
  json_string "$MESSAGE" "$1"
  fields+=",\"message\":$REPLY"
  if [[ $2 == true && -n $EVIDENCE ]]; then
    fields+=",\"evidence\":{$EVIDENCE}"
  fi
  REPLY=$fields
}

# exit_code OUTCOME: 0 healthy or repaired, 1 not, 2 could not tell; in REPLY. Codes that mean something to the SSM
# agent (137, 168, 169, and 194: reboot the node) can therefore never leave a document.
exit_code() {
  case $1 in
    Healthy | Repaired) REPLY=0 ;;
    Broken | NotRepaired | Unsupported) REPLY=1 ;;
    *) REPLY=2 ;;
  esac
}
