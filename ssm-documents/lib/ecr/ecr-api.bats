#!/usr/bin/env bats
# An ECR token from ECR's API: the signature, the credentials from instance metadata, and where the secrets go.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/ecr-api.sh"
  IMAGE=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5
  parse_ecr_host "${IMAGE%%/*}"
}

# The example key of AWS's documentation and test suite.
SECRET=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
SESSION=IQoJb3JpZ2luX2VjEXAMPLE/session+token==
PASSWORD=ZXlKd1lYbHNiMkZr

@test "signs as the examples of AWS: IAM's in the documentation, get-vanilla and post-vanilla of the test suite" {
  local service hash expected
  while read -r service hash expected; do
    sign "$SECRET" 20150830 us-east-1 "$service" \
      $'AWS4-HMAC-SHA256\n20150830T123600Z\n'"20150830/us-east-1/$service/aws4_request"$'\n'"$hash"
    [ "$REPLY" = "$expected" ]
  done < <(printf '%s\n' \
    'iam f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59 5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7' \
    'service bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63 5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' \
    'service 553f88c9e4d10fc9e109e2aeb65f030801b70c2f6468faca261d401ae622fc87 5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b')
}

@test "computes HMAC-SHA256 as RFC 4231, and with every byte that a key may have" {
  hmac 0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b 'Hi There'
  [ "$REPLY" = b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7 ]
  hmac 4a656665 'what do ya want for nothing?'
  [ "$REPLY" = 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843 ]
  local i key=''
  for i in {0..63}; do
    printf -v key '%s%02x' "$key" "$i"
  done
  hmac "$key" x
  [ "$REPLY" = b8dc75d4220cfd86a5bf7c4301b3698f142a66fd7c004627df558626edb480cd ]
  key=''
  for i in {64..127}; do
    printf -v key '%s%02x' "$key" "$i"
  done
  hmac "$key" '%s \x41'
  [ "$REPLY" = dcaa17035f2c52928e267f951e71474718386074611e668746b8865d2a146cd8 ]
}

@test "asks the host of the image's partition, and FIPS or dual-stack hosts only where the registry's is one" {
  local registry expected
  while read -r registry expected; do
    parse_ecr_host "$registry"
    ecr_api "$registry"
    [ "$REPLY" = "$expected" ]
  done < <(printf '%s\n' '602401143452.dkr.ecr.us-west-2.amazonaws.com api.ecr.us-west-2.amazonaws.com' \
    '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn api.ecr.cn-north-1.amazonaws.com.cn' \
    '725322719131.dkr.ecr.us-iso-east-1.c2s.ic.gov api.ecr.us-iso-east-1.c2s.ic.gov' \
    '602401143452.dkr.ecr-fips.us-east-1.amazonaws.com ecr-fips.us-east-1.amazonaws.com' \
    '602401143452.dkr-ecr.us-west-2.on.aws ecr.us-west-2.api.aws' \
    '602401143452.dkr-ecr-fips.us-west-2.on.aws ecr-fips.us-west-2.api.aws' \
    '918309763551.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn ecr.cn-north-1.api.amazonwebservices.com.cn')
}

# fake_curl ANSWER [CODE]: a curl that is instance metadata and ECR's API, which gives ANSWER. It keeps its arguments and its
# environment, and what it was told to do.
fake_curl() {
  mkdir "$WORK/bin"
  printf '%s\n' "$1" > "$WORK/bin/answer"
  printf '{\n  "Code" : "Success",\n  "AccessKeyId" : "ASIAEXAMPLE0000000",\n  "SecretAccessKey" : "%s",\n  "Token" : "%s"\n}' \
    "$SECRET" "$SESSION" > "$WORK/bin/role-keys"
  printf '%s\n' '#!/bin/bash' 'at=${0%/*}' 'printf "%s\n" "$*" >> "$at/arguments"' 'env >> "$at/environment"' 'told=$(cat)' \
    'printf "%s\n" "$told" >> "$at/told"' 'case $told in' \
    '  *latest/api/token*) [[ -z ${NO_METADATA-} ]] || { echo "curl: (28) Connection timed out" >&2; exit 28; }; echo c2Vzc2lvbg== ;;' \
    '  *security-credentials/node-role\"*) cat "$at/role-keys" ;;' \
    '  *security-credentials/\"*) printf "node-role\nsecond-line" ;;' \
    "  *) cat \"\$at/answer\"; exit ${2-0} ;;" 'esac' > "$WORK/bin/curl"
  chmod 755 "$WORK/bin/curl"
  PATH=$WORK/bin:$PATH
}

# answer_of STATUS BODY: as curl prints it.
answer_of() {
  REPLY="$2"$'\n'"$1"
}

@test "gets a token, with the secrets in no argument list, environment or file" {
  answer_of 200 "{\"authorizationData\":[{\"authorizationToken\":\"$(printf 'AWS:%s' "$PASSWORD" | base64 -w0)\",\"expiresAt\":1.7E9}]}"
  fake_curl "$REPLY"
  export SOME_VARIABLE=seen
  date() { printf '20260101T000000Z\n'; }
  ask_api
  [ "$TOKEN" = "$PASSWORD" ]
  run ! grep -e "$SECRET" -e "$SESSION" -e c2Vzc2lvbg -e "$PASSWORD" "$WORK/bin/arguments" "$WORK/bin/environment"
  grep -q SOME_VARIABLE=seen "$WORK/bin/environment"
  grep -qx 'header = "x-aws-ec2-metadata-token: c2Vzc2lvbg=="' "$WORK/bin/told"
  grep -qx "header = \"x-amz-security-token:$SESSION\"" "$WORK/bin/told"
  grep -qx 'url = "https://api.ecr.cn-north-1.amazonaws.com.cn/"' "$WORK/bin/told"
  # Computed by another implementation.
  grep -q 'Credential=ASIAEXAMPLE0000000/20260101/cn-north-1/ecr/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=5f7ed45115e0bbd68517539b3417ec38e9c6397e95a9b6f162a9604b64ba4335"$' "$WORK/bin/told"
  rm -r "${WORK:?}/bin"
  run ! grep -r -e "$SECRET" -e "$SESSION" -e "$PASSWORD" "$WORK"
}

@test "names why ECR's API gave no token, and repeats nothing that AWS repeats of the request" {
  local status body reason detail
  while IFS='|' read -r status reason body detail; do
    rm -rf "${WORK:?}/bin"
    answer_of "$status" "$body"
    fake_curl "$REPLY"
    TOKEN_REASON=''
    refute ask_api
    [ -z "$TOKEN" ]
    [ "$TOKEN_REASON|${TOKEN_FACTS[*]:0:2}|$TOKEN_DETAIL" = "$reason|tool curl|Post https://api.ecr.cn-north-1.amazonaws.com.cn: $detail" ]
  done < <(printf '%s\n' \
    '400|NodeRoleLacksECR|{"__type":"AccessDeniedException","Message":"User: arn:aws-cn:sts::1:assumed-role/r/i-0 is not authorized"}|StatusCode: 400, api error AccessDeniedException: User: arn:aws-cn:sts::1:assumed-role/r/i-0 is not authorized' \
    '400|TokenUnavailable|{"__type":"InvalidSignatureException","message":"Signature expired: 2015 is now earlier than 2016\n\nThe Canonical String was x-amz-security-token:IQoJb3JpZ2lu"}|StatusCode: 400, api error InvalidSignatureException: Signature expired: 2015 is now earlier than 2016' \
    '400|TokenUnavailable|{"__type":"ExpiredTokenException","message":"The security token is expired"}|StatusCode: 400, api error ExpiredTokenException: The security token is expired' \
    '400|RegistryUnreachable|{"__type":"ThrottlingException","message":"Rate exceeded"}|StatusCode: 400, api error ThrottlingException: Rate exceeded' \
    '503|RegistryUnreachable|<html>|StatusCode: 503, api error : ' \
    '200|TokenUnavailable|{"authorizationData":[{"authorizationToken":"bm9uc2Vuc2U="}]}|StatusCode: 200, api error : ')
}

@test "names the role that lacks the permission" {
  answer_of 400 '{"__type":"AccessDeniedException","message":"User: arn:aws-cn:sts::1:assumed-role/node.role/i-0 is not authorized"}'
  fake_curl "$REPLY"
  refute ask_api
  [ "${TOKEN_FACTS[*]}" = 'tool curl nodeRole node.role' ]
}

@test "names what keeps it from instance metadata as a fault of the node" {
  fake_curl ''
  export NO_METADATA=1
  refute ask_api
  [ "$TOKEN_REASON|$TOKEN_DETAIL" = 'TokenUnavailable|169.254.169.254/latest/api/token: curl: (28) Connection timed out' ]
  unset NO_METADATA
  printf '{"Code":"AssumeRoleUnauthorizedAccess"}' > "$WORK/bin/role-keys"
  TOKEN_REASON=''
  refute ask_api
  [ "$TOKEN_REASON|$TOKEN_DETAIL" = 'TokenUnavailable|169.254.169.254 has no credentials of the role: AssumeRoleUnauthorizedAccess' ]
  # Nothing of it may become an option of curl.
  printf '{"AccessKeyId":"A\nurl","SecretAccessKey":"x","Token":"y"}' > "$WORK/bin/role-keys"
  refute ask_api
  [ "$(grep -c api.ecr "$WORK/bin/told")" = 0 ]
}

@test "is no tool of a node without curl or sha256sum" {
  local program
  ask_provider() { return 1; }
  ask_helper() { return 1; }
  mkdir "$WORK/one"
  for program in curl sha256sum; do
    printf '#!/bin/sh\nexit 1\n' > "$WORK/one/$program"
    chmod 755 "$WORK/one/$program"
    FAILURE_REASON='' TOKEN_REASON=''
    PATH=$WORK/one refute get_token ask_api 'curl with sha256sum'
    [ "$FAILURE_REASON ${FAILURE_FACTS[*]}" = 'ToolMissing tool ecr-credential-provider, docker-credential-ecr-login or curl with sha256sum' ]
    PATH=/usr/bin:/bin rm "$WORK/one/$program"
  done
}
