#!/usr/bin/env bash
# Stand-in for kubelet's ecr-credential-provider: same request and response, same API call, made with curl.
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

main() {
  local request image host region suffix role key secret session answer token password type version
  IFS= read -r -d '' request || true
  field image "$request"
  image=$FIELD
  host=${image%%/*}
  [[ $host =~ ^[0-9]{12}\.dkr[.-]ecr(-fips)?\.([a-z0-9-]+)\.(amazonaws\.com(\.cn)?)$ ]] || {
    echo "E main.go: error: $image is not a valid ECR repository URL" >&2
    exit 1
  }
  region=${BASH_REMATCH[2]}
  suffix=${BASH_REMATCH[3]}

  metadata iam/security-credentials/ || {
    echo 'E main.go: Error running credential provider plugin: no EC2 IMDS role found' >&2
    exit 1
  }
  role=$BODY
  metadata "iam/security-credentials/$role"
  field AccessKeyId "$BODY"
  key=$FIELD
  field SecretAccessKey "$BODY"
  secret=$FIELD
  field Token "$BODY"
  session=$FIELD

  # The credentials go to curl by its standard input: an argument list is for all to see.
  answer=$(
    curl -sS --max-time 20 --config - << CONFIG
url = "https://api.ecr.$region.$suffix/"
cacert = "/etc/ssl/lab-authority.pem"
aws-sigv4 = "aws:amz:$region:ecr"
user = "$key:$secret"
header = "X-Amz-Security-Token: $session"
header = "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
header = "Content-Type: application/x-amz-json-1.1"
data = "{}"
CONFIG
  ) || {
    # In the words of the SDK for Go.
    echo "E main.go: Error running credential provider plugin: operation error ECR: GetAuthorizationToken, https response error StatusCode: 0, request send failed, Post \"https://api.ecr.$region.$suffix/\": dial tcp: connect: connection refused" >&2
    exit 1
  }
  field authorizationToken "$answer"
  token=$FIELD
  if [[ -z $token ]]; then
    field __type "$answer"
    type=$FIELD
    field message "$answer"
    echo "E main.go: Error running credential provider plugin: operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, api error $type: $FIELD" >&2
    exit 1
  fi
  password=$(base64 -d <<< "$token")
  field apiVersion "$request"
  version=$FIELD
  printf '{"kind":"CredentialProviderResponse","apiVersion":"%s","cacheKeyType":"Registry","cacheDuration":"6h0m0s","auth":{"%s":{"username":"AWS","password":"%s"}}}\n' \
    "$version" "$host" "${password#AWS:}"
}

main "$@"
