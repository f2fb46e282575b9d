#!/usr/bin/env bash
# Stand-in for kubelet's ecr-credential-provider 1.27 and later: same request and response, same API call, made with curl, and the
# words of the SDK for Go (version 2).
set -o errexit -o nounset -o pipefail

# ask LINE HEADER: one request to instance metadata, its body in BODY. By bash alone: the real provider is one small process,
# and five of curl would count as what a check costs.
ask() {
  local answer=''
  exec 5<> /dev/tcp/169.254.169.254/80
  printf '%s HTTP/1.0\r\nHost: 169.254.169.254\r\nContent-Length: 0\r\n%s\r\n\r\n' "$1" "$2" >&5
  IFS= read -r -t 5 -d '' answer <&5 || true
  exec 5>&-
  BODY=${answer#*$'\r\n\r\n'}
  [[ $answer == HTTP/1.?' 200 '* ]]
}

# metadata PATH: what instance metadata has there, in BODY.
metadata() {
  if [[ -z $SESSION ]]; then
    ask 'PUT /latest/api/token' 'X-aws-ec2-metadata-token-ttl-seconds: 60' || return 1
    SESSION=$BODY
  fi
  ask "GET /latest/meta-data/$1" "X-aws-ec2-metadata-token: $SESSION"
}

# field NAME TEXT: a text of that name in JSON, in FIELD.
field() {
  local pattern="\"$1\"[[:space:]]*:[[:space:]]*\"([^\"]*)\""
  FIELD=''
  [[ ! $2 =~ $pattern ]] || FIELD=${BASH_REMATCH[1]}
}

SESSION='' BODY='' FIELD=''

# say SEVERITY PLACE TEXT: a line of klog.
say() {
  printf '%s%(%m%d %H:%M:%S)T.%06d %7d %s] %s\n' "$1" -1 $((RANDOM * 30)) $$ "$2" "$3" >&2
}

# fail TEXT: ends as the real one does.
fail() {
  say E main.go:290 "Error running credential provider plugin: $1"
  exit 1
}

# get_token: one call of GetAuthorizationToken. The answer is in ANSWER and its status in STATUS; 1 where there was none, with
# why in ANSWER.
get_token() {
  local out code=0
  # The credentials go to curl by its standard input: an argument list is for all to see.
  out=$(
    curl -sS --max-time 20 --write-out '\n%{http_code}' --config - 2>&1 << CONFIG
url = "https://api.ecr.$region.$suffix/"
cacert = "/etc/ssl/lab-authority.pem"
aws-sigv4 = "aws:amz:$region:ecr"
user = "$key:$secret"
header = "X-Amz-Security-Token: $session"
header = "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
header = "Content-Type: application/x-amz-json-1.1"
data = "{}"
CONFIG
  ) || code=$?
  STATUS=${out##*$'\n'} ANSWER=${out%$'\n'*}
  case $code in
    0) return 0 ;;
    6) ANSWER="dial tcp: lookup api.ecr.$region.$suffix: no such host" ;;
    60) ANSWER='tls: failed to verify certificate: x509: certificate signed by unknown authority' ;;
    28) ANSWER='dial tcp: i/o timeout' ;;
    *) ANSWER='dial tcp: connect: connection refused' ;;
  esac
  return 1
}

ANSWER='' STATUS=''
readonly V1=credentialprovider.kubelet.k8s.io/v1 ECR='operation error ECR: GetAuthorizationToken'
# The SDK asks again where a service fails or throttles.
readonly ATTEMPTS=3

main() {
  local request image host region='' suffix='' role key secret session token type version attempt=0 tried words
  IFS= read -r -d '' request || true
  field apiVersion "$request"
  version=$FIELD
  [[ $version == "$V1" ]] || fail "group version $version is not supported"
  field image "$request"
  image=$FIELD
  [[ -n $image ]] || fail 'image in plugin request was empty'
  host=${image%%/*}
  # It takes every host, and finds no region in one that is not ECR's.
  if [[ $host =~ ^[0-9]{12}\.dkr[.-]ecr(-fips)?\.([a-zA-Z0-9][a-zA-Z0-9_-]*)\.(amazonaws\.com(\.cn)?)$ ]]; then
    region=${BASH_REMATCH[2]} suffix=${BASH_REMATCH[3]}
  fi
  say I main.go:156 "Getting creds for private image $image"
  [[ -n $region ]] || fail "$ECR, failed to resolve service endpoint, endpoint rule error, Invalid Configuration: Missing Region"

  metadata iam/security-credentials/ \
    || fail "$ECR, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error StatusCode: 404, request to EC2 IMDS failed"
  role=$BODY
  metadata "iam/security-credentials/$role"
  field AccessKeyId "$BODY"
  key=$FIELD
  field SecretAccessKey "$BODY"
  secret=$FIELD
  field Token "$BODY"
  session=$FIELD

  tried="exceeded maximum number of attempts, $ATTEMPTS, "
  while attempt=$((attempt + 1)); do
    if ! get_token; then
      words="https response error StatusCode: 0, RequestID: , request send failed, Post \"https://api.ecr.$region.$suffix/\": $ANSWER"
    elif [[ $STATUS != 200 ]]; then
      field __type "$ANSWER"
      type=$FIELD
      field message "$ANSWER"
      words="https response error StatusCode: $STATUS, RequestID: 5f2d6f7e-4a35-4b9a-9f0a-3c6d3a2b1c0d, api error $type: $FIELD"
      [[ $STATUS == 5* || $type == *hrottl* ]] || fail "$ECR, $words"
    else
      break
    fi
    ((attempt < ATTEMPTS)) || fail "$ECR, $tried$words"
    read -r -t 0.2 <> <(:) || true
  done
  field authorizationToken "$ANSWER"
  token=$FIELD
  [[ -n $token ]] || fail 'authorization token in response was nil'
  token=$(base64 -d <<< "$token")
  printf '{"kind":"CredentialProviderResponse","apiVersion":"%s","cacheKeyType":"Registry","cacheDuration":"6h0m0s","auth":{"%s":{"username":"AWS","password":"%s"}}}\n' \
    "$V1" "$host" "${token#AWS:}"
}

main "$@"
