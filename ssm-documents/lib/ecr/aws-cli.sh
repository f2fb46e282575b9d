# An ECR token from the AWS CLI.
#@ use ecr/ecr-token
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# ask_aws_cli: a token from the AWS CLI.
ask_aws_cli() {
  local answer code=0
  command -v aws > /dev/null || return 1
  log "running the AWS CLI for a token in $ECR_REGION"
  answer=$( (with_network bounded 40 env AWS_METADATA_SERVICE_NUM_ATTEMPTS=2 aws ecr get-login-password --region "$ECR_REGION" \
    --cli-connect-timeout 5 --cli-read-timeout 15 2> "$WORK/err")) || code=$?
  take_token "$answer" '^([^[:space:]]+)[[:space:]]*$' && return 0
  if [[ $(< "$WORK/err") == *'Invalid choice'* ]]; then
    # AWS CLI 1.17.10 introduced get-login-password.
    keep_token_failure ToolMissing '' tool aws
    return 1
  fi
  note_token_failure aws "$code"
}
