#!/usr/bin/env bash
# Stand-in for kubelet's ecr-credential-provider: same request and response, same API call, made with curl.
set -o errexit -o nounset -o pipefail

metadata() {
  local session
  session=$(curl -sS --fail --max-time 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
  curl -sS --fail --max-time 5 -H "X-aws-ec2-metadata-token: $session" "http://169.254.169.254/latest/meta-data/$1"
}

field() {
  sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"
}

main() {
  local request image host region suffix role document key secret session answer token password
  request=$(cat)
  image=$(field image <<< "$request")
  host=${image%%/*}
  [[ $host =~ ^[0-9]{12}\.dkr[.-]ecr(-fips)?\.([a-z0-9-]+)\.(amazonaws\.com(\.cn)?)$ ]] || {
    echo "E main.go: error: $image is not a valid ECR repository URL" >&2
    exit 1
  }
  region=${BASH_REMATCH[2]}
  suffix=${BASH_REMATCH[3]}

  role=$(metadata iam/security-credentials/) || {
    echo 'E main.go: Error running credential provider plugin: no EC2 IMDS role found' >&2
    exit 1
  }
  document=$(metadata "iam/security-credentials/$role" | sed 's/,/,\n/g')
  key=$(field AccessKeyId <<< "$document")
  secret=$(field SecretAccessKey <<< "$document")
  session=$(field Token <<< "$document")

  # The credentials go to curl by its standard input: an argument list is for all to see.
  answer=$(
    curl -sS --max-time 20 --config - << CONFIG
url = "https://api.ecr.$region.$suffix/"
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
  token=$(field authorizationToken <<< "$answer")
  if [[ -z $token ]]; then
    echo "E main.go: Error running credential provider plugin: operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, api error $(field __type <<< "$answer"): $(field message <<< "$answer")" >&2
    exit 1
  fi
  password=$(base64 -d <<< "$token")
  printf '{"kind":"CredentialProviderResponse","apiVersion":"%s","cacheKeyType":"Registry","cacheDuration":"6h0m0s","auth":{"%s":{"username":"AWS","password":"%s"}}}\n' \
    "$(field apiVersion <<< "$request")" "$host" "${password#AWS:}"
}

main "$@"
