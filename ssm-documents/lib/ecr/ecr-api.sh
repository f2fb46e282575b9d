# An ECR token from ECR's API itself. bash signs the request (AWS Signature Version 4) with the credentials of the node's role,
# and curl sends it. printf is a builtin of bash; curl and sha256sum read their standard input: no secret is in an argument list,
# in the environment or in a file.
#@ use node/network
#@ use ecr/ecr
#@ use ecr/ecr-token
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

readonly ROLES=meta-data/iam/security-credentials/
# SHA-256 of the body, which is {}.
readonly BODY_HASH=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a

# ask_api: a token from ECR's API.
ask_api() {
  local answer code=0 host key secret session
  command -v curl > /dev/null && command -v sha256sum > /dev/null || return 1
  ecr_api "${IMAGE%%/*}"
  host=$REPLY
  log "asking $host for a token"
  if ! read_role; then
    note_token_failure curl "$RC"
    return
  fi
  read -r key secret session < <(printf '%s\n' "$REPLY")
  answer=$(signed_request "$host" "$(date -u +%Y%m%dT%H%M%SZ)" "$key" "$secret" "$session" \
    | (with_network bounded 35 curl -qsS --connect-timeout 5 --max-time 15 --retry 1 --write-out '\n%{http_code}' --config - 2> "$WORK/err")) || code=$?
  json_text authorizationToken "$answer"
  ! take_token "$(printf '%s' "$REPLY" | base64 -d 2>&1)" '^AWS:(.+)$' || return 0
  curl_error
  if ((code == 0)); then
    # Behind its first line AWS may repeat the request, and with it the session.
    json_text '__type' "$answer"
    host+=": StatusCode: ${answer##*$'\n'}, api error $REPLY"
    json_text '[Mm]essage' "$answer"
  fi
  printf 'Post https://%s: %s\n' "$host" "$REPLY" > "$WORK/err"
  note_token_failure curl "$code"
}

# ecr_api HOST: the host of the API for the registry HOST, in REPLY: FIPS and dual-stack where the registry's is.
ecr_api() {
  local domain=${1#*".$ECR_REGION."} name=ecr
  [[ $1 != *ecr-fips.* ]] || name=ecr-fips
  REPLY=$name.$ECR_REGION.$domain
  if [[ $1 == *.dkr-ecr* ]]; then
    REPLY=$name.$ECR_REGION.api.${domain#on.}
  elif [[ $name == ecr ]]; then
    REPLY=api.$REPLY
  fi
}

# read_role: the key, the secret and the session of the node's role, with a space between them, in REPLY; 1 with the error in
# $WORK/err. By IMDSv2 alone.
read_role() {
  local answer key secret session valid='^[A-Z0-9]+ [A-Za-z0-9+/]{1,60} [A-Za-z0-9+/=]+$'
  metadata api/token '-ttl-seconds: 60' --request PUT || return 1
  session=$REPLY
  metadata "$ROLES" ": $session" && metadata "$ROLES${REPLY%%$'\n'*}" ": $session" || return 1
  answer=$REPLY
  json_text AccessKeyId "$answer"
  key=$REPLY
  json_text SecretAccessKey "$answer"
  secret=$REPLY
  json_text Token "$answer"
  REPLY="$key $secret $REPLY"
  [[ ! $REPLY =~ $valid ]] || return 0
  json_text Code "$answer"
  printf '169.254.169.254 has no credentials of the role: %s\n' "$REPLY" > "$WORK/err"
  return 1
}

# metadata PATH HEADER [OPTION]...: what instance metadata has at PATH, in REPLY, without a proxy.
metadata() {
  RC=0
  REPLY=$(printf 'url = "http://169.254.169.254/latest/%s"\nheader = "x-aws-ec2-metadata-token%s"\n' "$1" "$2" \
    | bounded 8 curl -qsSf --noproxy '*' --connect-timeout 2 --max-time 3 --retry 1 --config - "${@:3}" 2> "$WORK/err") || RC=$?
  ((RC != 0)) || return 0
  curl_error
  printf '169.254.169.254/latest/%s: %s\n' "$1" "$REPLY" > "$WORK/err"
  return 1
}

# curl_error: the last error of curl, without what it says about certificates in general, in REPLY.
curl_error() {
  slurp "$WORK/err"
  REPLY="curl: ${REPLY##*curl: }"
  REPLY=${REPLY%%$'\n'*}
}

# signed_request HOST TIME KEY SECRET SESSION: GetAuthorizationToken as a configuration of curl.
signed_request() {
  local part text scope=${2%T*}/$ECR_REGION/ecr/aws4_request names='content-type;host;x-amz-date;x-amz-security-token;x-amz-target'
  local headers=(content-type:application/x-amz-json-1.1 "host:$1" "x-amz-date:$2" "x-amz-security-token:$5"
    x-amz-target:AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken)
  printf -v text '%s\n' POST / '' "${headers[@]}" '' "$names"
  sha256 '' "$text$BODY_HASH"
  printf -v text '%s\n' AWS4-HMAC-SHA256 "$2" "$scope"
  sign "$4" "${2%T*}" "$ECR_REGION" ecr "$text$REPLY"
  printf 'url = "https://%s/"\ndata = "{}"\n' "$1"
  printf 'header = "%s"\n' "${headers[@]}" \
    "authorization:AWS4-HMAC-SHA256 Credential=$3/$scope, SignedHeaders=$names, Signature=$REPLY"
}

# sign SECRET DATE REGION SERVICE TEXT: the signature of TEXT, in REPLY.
sign() {
  local i key='' part
  for ((i = 0; i < ${#1}; i++)); do
    printf -v part %02x "'${1:i:1}"
    key+=$part
  done
  REPLY=41575334$key
  for part in "${@:2:3}" aws4_request "$5"; do
    hmac "$REPLY" "$part"
  done
}

# hmac KEY TEXT: HMAC-SHA256 (RFC 2104), in REPLY. It and KEY, of at most 64 bytes, are in hexadecimal.
hmac() {
  local byte i inner='' outer=''
  for ((i = 0; i < 128; i += 2)); do
    byte=${1:i:2}
    printf -v byte '\\x%02x\\x%02x' $((16#${byte:-0} ^ 54)) $((16#${byte:-0} ^ 92))
    inner+=${byte:0:4} outer+=${byte:4}
  done
  sha256 "$inner" "$2"
  for ((i = 0; i < 64; i += 2)); do
    outer+="\\x${REPLY:i:2}"
  done
  sha256 "$outer" ''
}

# sha256 ESCAPES TEXT: SHA-256 of the bytes that printf writes for ESCAPES and of TEXT, in hexadecimal, in REPLY.
sha256() {
  REPLY=$(printf '%b%s' "$1" "$2" | sha256sum)
  REPLY=${REPLY%% *}
}

# json_text NAME TEXT: the string of that name in JSON, up to its first escape, in REPLY.
json_text() {
  local pattern="\"$1\"[[:space:]]*:[[:space:]]*\"([^\"\\]*)"
  REPLY=''
  [[ ! $2 =~ $pattern ]] || REPLY=${BASH_REMATCH[1]}
}
