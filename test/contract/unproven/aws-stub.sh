#!/usr/bin/env bash
# Stands in for the AWS CLI: notes each call and answers as the scenario in $STATE/answers.sh says. A call that it has no
# answer for succeeds and prints nothing, as most calls that change something do.
set -o nounset
printf '%s\n' "$(printf '%s' "$*" | tr '\n' ' ')" >> "$STATE/calls"
while (($# > 0)); do
  case $1 in
    --region | --profile | --output) shift 2 ;;
    *) break ;;
  esac
done

# option NAME: the value of an option of the call.
option() {
  local found='' word
  for word in "${WORDS[@]}"; do
    if [[ $found == "$1" ]]; then
      printf '%s' "$word"
      return
    fi
    found=$word
  done
}
# fail TEXT: ends the call as the CLI ends where AWS refuses.
fail() {
  printf '\nAn error occurred (%s) when calling the operation: %s\n' "$1" "$2" >&2
  exit 254
}
# times KIND: how often this was asked, this time included.
times() {
  printf 'x' >> "$STATE/times-$1"
  wc -c < "$STATE/times-$1"
}
WORDS=("$@")
template=$(option --template-body)
[[ -z $template ]] || cp "${template#file://}" "$STATE/template"

# shellcheck source=/dev/null
source "$STATE/answers.sh"
case "$*" in
  'sts get-caller-identity'*) echo 'arn:aws:iam::111122223333:user/mei' ;;
esac
