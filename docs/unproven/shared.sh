# shellcheck shell=bash
# The shared part of the scripts of docs/unproven.md: options, consent, clean-up and the verdict.
#
# A script sources this file, calls `begin "$@"`, `plan` and then its own steps, and ends with `verdict`. Each resource
# is registered with `undo` before it is created. The exit trap deletes what is registered, newest first, whatever ended
# the script, and prints the verdict as the last line.
set -o errexit -o nounset -o pipefail

readonly PREFIX=fleetmend-unproven
# Seconds between two looks at something that takes time.
readonly PAUSE=${FLEETMEND_UNPROVEN_PAUSE:-5}
# The pager of AWS CLI version 2 would wait for a key.
export AWS_PAGER=''

WORK=$(mktemp -d "${TMPDIR:-/tmp}/$PREFIX.XXXXXX")
readonly WORK
GLOBAL=()
REGION=''
ACCOUNT=''
PARTITION=''
CONSENT=ask
STEP='starting'
VERDICT=''
SAW=''
UNDO=()

# A trap runs with the redirections of the function that the signal interrupted: the verdict needs the script's own.
exec 3>&1 4>&2

say() { printf '%s\n' "$*" >&4; }

# step TEXT: names what the script does next, for its reader and for an INCONCLUSIVE verdict.
step() {
  STEP=$1
  say "- $1"
}

# What the AWS CLI said when the last call failed, on one line.
last_error() {
  [[ -s $WORK/error ]] || return 0
  tr -s '[:space:]' ' ' < "$WORK/error" | sed -e 's/^ //' -e 's/ $//' | cut -c 1-400
}

# try ARGUMENTS…: calls the AWS CLI; a failure is an answer, and `last_error` has its text.
try() {
  : > "$WORK/error"
  aws ${GLOBAL[@]+"${GLOBAL[@]}"} --output text "$@" 2> "$WORK/error"
}

# call ARGUMENTS…: calls the AWS CLI and shows the error of a failure.
call() {
  try "$@" && return
  local code=$?
  cat "$WORK/error" >&2
  return "$code"
}

# is_answer TEXT: whether the text of an error is an answer of the service to what was asked. A missing right, a lost
# connection, throttling or an error inside of AWS proves nothing.
is_answer() {
  local -r none='not authorized to perform|UnauthorizedOperation|ExpiredToken|InvalidClientTokenId|UnrecognizedClient|credentials|Could not connect|endpoint URL|[Tt]imed? ?out|Throttling|Too ?Many ?Requests|Rate exceeded|max retries|Internal|ServiceUnavailable|Unable to parse|\(50[0-9]\)'
  [[ -n $1 && ! $1 =~ $none ]]
}

# demand_answer: ends the script where the failure of the last call is no answer.
demand_answer() {
  is_answer "$(last_error)" || stop "no answer while $STEP: $(last_error)"
}

# verdict PROVEN|REFUTED|INCONCLUSIVE TEXT: ends the script; the exit trap cleans up and prints it.
verdict() {
  VERDICT=$1
  SAW=$2
  exit 0
}

# stop TEXT: ends the script before it could prove anything.
stop() { verdict INCONCLUSIVE "$1"; }

# poll ATTEMPTS COMMAND…: repeats a command until it succeeds.
poll() {
  local left=$1
  shift
  while true; do
    "$@" && return
    left=$((left - 1))
    ((left > 0)) || return 1
    sleep "$PAUSE"
  done
}

# undo COMMAND…: registers what removes a resource. Its words must hold no spaces.
undo() { UNDO+=("$*"); }

clean_up() {
  local i words failed=0
  for ((i = ${#UNDO[@]} - 1; i >= 0; i--)); do
    read -r -a words <<< "${UNDO[i]}"
    say "- cleaning up: ${UNDO[i]}"
    "${words[@]}" > /dev/null || {
      failed=1
      say "  NOT REMOVED: ${UNDO[i]}: $(last_error)"
    }
  done
  ((failed == 0)) || say "Remove by hand what is named above as NOT REMOVED; every name begins with $PREFIX-."
}

finish() {
  # A second Ctrl-C must not stop the clean-up, nor the CLI that it runs.
  trap '' INT TERM HUP
  trap - EXIT
  set +o errexit
  if [[ -z $VERDICT ]]; then
    local why
    why=$(last_error)
    VERDICT=INCONCLUSIVE
    SAW="stopped while $STEP${why:+: $why}"
  fi
  clean_up
  rm -rf "$WORK"
  printf '%s: %s\n' "$VERDICT" "$SAW" >&3
  case $VERDICT in
    PROVEN) exit 0 ;;
    REFUTED) exit 1 ;;
    *) exit 2 ;;
  esac
}

interrupted() {
  verdict INCONCLUSIVE "interrupted while $STEP"
}

trap finish EXIT
trap interrupted INT TERM HUP

# The comment at the top of the script is its help.
help() {
  sed -n -e '1d' -e '/^# shellcheck/q' -e '/^#/!q' -e 's/^# \{0,1\}//p' "$0"
  cat << 'TEXT'

Options:
  --region REGION    the region to test (default: that of the environment or the profile)
  --profile PROFILE  the profile of the AWS CLI to use
  --yes              create what is listed without asking
  --help             print this text

Exit codes: 0 PROVEN, 1 REFUTED, 2 INCONCLUSIVE (also where the script could not start).
TEXT
}

# begin "$@": reads the options. A script that has options of its own (each with a value) lists them in OWN_OPTIONS
# and finds the value of --some-option in option_some_option.
begin() {
  local profile='' name arn
  while (($# > 0)); do
    case $1 in
      --yes) CONSENT=given && shift && continue ;;
      --help)
        help
        trap - EXIT
        rm -rf "$WORK"
        exit 0
        ;;
    esac
    (($# > 1)) || stop "the option $1 is unknown or has no value; --help lists the options"
    case $1 in
      --region) REGION=$2 ;;
      --profile) profile=$2 ;;
      *)
        name=${1#--}
        [[ $1 == --* && " ${OWN_OPTIONS:-} " == *" $name "* ]] || stop "there is no option $1; --help lists the options"
        printf -v "option_${name//-/_}" '%s' "$2"
        ;;
    esac
    shift 2
  done
  command -v aws > /dev/null || stop 'the AWS CLI is not installed; AWS CloudShell has it'
  [[ -z $profile ]] || GLOBAL+=(--profile "$profile")
  [[ -n $REGION ]] || REGION=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
  [[ -n $REGION ]] || REGION=$(try configure get region) || true
  [[ -n $REGION ]] || stop 'no region is set; give --region'
  GLOBAL+=(--region "$REGION")
  STEP='asking STS for the caller'
  arn=$(call sts get-caller-identity --query Arn)
  IFS=: read -r _ PARTITION _ _ ACCOUNT _ <<< "$arn"
  [[ $PARTITION == aws* && $ACCOUNT =~ ^[0-9]{12}$ ]] || stop "STS answered with no ARN: $arn"
  readonly REGION ACCOUNT PARTITION
}

# plan WHAT COST DURATION: says what the script creates, and asks. WHAT is empty where it creates nothing.
plan() {
  local answer=''
  say "Region $REGION, partition $PARTITION."
  if [[ -z $1 ]]; then
    say "This script only reads. It creates nothing and costs nothing; it takes about $3."
    return
  fi
  say "This script creates $1, with names that begin with $PREFIX-, and removes it at the end."
  say "It costs $2 and takes about $3."
  [[ $CONSENT == ask ]] || return 0
  STEP='asking for consent'
  [[ -t 0 ]] || stop 'nothing was created: there is no terminal to ask on; give --yes'
  read -r -p 'Go on? [y/N] ' answer || true
  [[ $answer == [yY] || $answer == [yY][eE][sS] ]] || stop 'nothing was created: the answer was no'
}

# new_name KIND: a name of at most 63 characters that nothing else has.
new_name() { printf '%s-%s-%04x%04x' "$PREFIX" "$1" "$RANDOM" "$RANDOM"; }

delete_stack() {
  try cloudformation delete-stack --stack-name "$1" && try cloudformation wait stack-delete-complete --stack-name "$1"
}

# create_stack STACK TEMPLATE-FILE ARGUMENTS…: creates a stack and waits for it. On failure `last_error` has the reason
# that CloudFormation gives for the first resource that failed.
create_stack() {
  local stack=$1 template=$2 why
  shift 2
  undo delete_stack "$stack"
  step "creating the stack $stack"
  call cloudformation create-stack --stack-name "$stack" --template-body "file://$template" \
    --capabilities CAPABILITY_IAM --query StackId "$@" > /dev/null || return
  try cloudformation wait stack-create-complete --stack-name "$stack" > /dev/null && return
  why=$(call cloudformation describe-stack-events --stack-name "$stack" \
    --query "StackEvents[?ResourceStatus=='CREATE_FAILED'].[LogicalResourceId,ResourceStatusReason]" | tail -n 1)
  printf '%s\n' "$why" > "$WORK/error"
  say "  $why"
  return 1
}

# stack_output STACK KEY: one output of a stack.
stack_output() {
  local value
  value=$(call cloudformation describe-stacks --stack-name "$1" \
    --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue") || return
  if [[ -z $value || $value == None ]]; then
    printf 'the stack has no output %s\n' "$2" > "$WORK/error"
    return 1
  fi
  printf '%s' "$value"
}

# shellcheck source-path=SCRIPTDIR source=resources.sh
source "$(dirname "${BASH_SOURCE[0]}")/resources.sh"
