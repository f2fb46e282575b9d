#!/usr/bin/env bats
# Provider configurations, and whether kubelet accepts them.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/config.sh"
  FILE=$WORK/config
}

V1=credentialprovider.kubelet.k8s.io/v1
GOOD='{"kind":"CredentialProviderConfig","apiVersion":"kubelet.config.k8s.io/v1","providers":[{"name":"ecr-credential-provider","matchImages":["*.dkr.ecr.*.amazonaws.com","*.dkr.ecr.*.amazonaws.cn"],"defaultCacheDuration":"12h","apiVersion":"'$V1'","args":["get-credentials"],"env":[{"name":"HOME","value":"/root"}]}]}'

# article: the configuration of the article on which this remediation is based.
article() {
  printf '%s\n' 'apiVersion: kubelet.config.k8s.io/v1beta1' 'kind: CredentialProviderConfig' 'providers:' '  - name: ecr-credential-provider' \
    '    matchImages:' '      - "*.dkr.ecr.*.amazonaws.com"' '      - "*.dkr.ecr.*.amazonaws.cn"' '      - "*.dkr.ecr-fips.*.amazonaws.com"' \
    '      - "*.dkr.ecr.us-iso-east-1.c2s.ic.gov"' '    defaultCacheDuration: "12h"' \
    '    apiVersion: credentialprovider.kubelet.k8s.io/v1beta1' '    args:' '      - get-credentials'
}

@test "reads JSON and YAML alike" {
  printf ' \n%s' "$GOOD" > "$FILE"
  read_config "$FILE"
  [ "$CONFIG_FORMAT ${NAMES[0]} ${VERSIONS[0]} ${DURATIONS[0]}" = "json ecr-credential-provider $V1 12h" ]
  [ "${PATTERNS[*]} ${ARGUMENTS[0]}" = $'0 *.dkr.ecr.*.amazonaws.com 0 *.dkr.ecr.*.amazonaws.cn get-credentials\n' ]
  [ "${VARIABLES[0]}" = $'\nHOME=/root' ]
  refute config_is_refused
  article > "$FILE"
  read_config "$FILE"
  [ "$CONFIG_FORMAT ${NAMES[0]} ${VERSIONS[0]} ${DURATIONS[0]}" = "yaml ecr-credential-provider ${V1}beta1 12h" ]
  refute config_is_refused
}

@test "finds that no pattern of the article's configuration matches the registry, and the one that was meant" {
  article > "$FILE"
  read_config "$FILE"
  refute find_provider 918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause
  [ "$REPLY" = '*.dkr.ecr.*.amazonaws.cn' ]
  find_provider 602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause
  [ "$PROVIDER" = 0 ]
}

@test "refuses what kubelet refuses, and names the field" {
  local from to problem field value
  while IFS='|' read -r from to problem field value; do
    printf '%s' "${GOOD/"$from"/$to}" > "$FILE"
    read_config "$FILE"
    config_is_refused
    [ "$REPLY $REFUSED_FIELD $REFUSED_VALUE" = "$problem $field $value" ] || { echo "$to: $REPLY $REFUSED_FIELD $REFUSED_VALUE" && false; }
  done < <(printf '%s\n' 'CredentialProviderConfig|Config|invalid|apiVersion/kind|kubelet.config.k8s.io/v1/Config' \
    'kubelet.config.k8s.io/v1|x/v1|invalid|apiVersion/kind|x/v1/CredentialProviderConfig' \
    'ecr-credential-provider|a/b|invalid|providers[0].name|a/b' "$V1|v1|invalid|providers[0].apiVersion|v1" \
    '"12h"|null|invalid|providers[0].defaultCacheDuration|' \
    '["*.dkr.ecr.*.amazonaws.com","*.dkr.ecr.*.amazonaws.cn"]|[]|missing|providers[0].matchImages|' \
    '*.dkr.ecr.*.amazonaws.cn|a b|invalid|providers[0].matchImages|a b')
  printf '{"kind":"CredentialProviderConfig","apiVersion":"kubelet.config.k8s.io/v1","providers":[]}' > "$FILE"
  read_config "$FILE"
  config_is_refused
  [ "$REPLY $REFUSED_FIELD" = 'missing providers' ]
}

@test "refuses a file that is not JSON, and names the line" {
  printf '{\n "kind": "x",\n}\n' > "$FILE"
  code=0
  read_config "$FILE" || code=$?
  [ "$code $REPLY" = '1 line 3: a key in double quotes is missing' ]
}

@test "accepts every form of a duration and of a pattern that kubelet accepts" {
  local from to
  while IFS='|' read -r from to; do
    printf '%b' "${GOOD/"$from"/$to}" > "$FILE"
    read_config "$FILE"
    refute config_is_refused || { echo "$to: $REPLY $REFUSED_FIELD" && false; }
  done < <(printf '%s\n' '"12h"|"1h30m"' '"12h"|"0"' '"12h"|"0s"' '"12h"|"1.5h"' '"12h"|"300ms"' \
    '"*.dkr.ecr.*.amazonaws.cn"|""' '*.dkr.ecr.*.amazonaws.cn|[::1]:5000/x' '*.dkr.ecr.*.amazonaws.cn|b\\xc3\\xbccher.example')
  while read -r to; do
    printf '%s' "${GOOD/12h/$to}" > "$FILE"
    read_config "$FILE"
    config_is_refused
    [ "$REPLY $REFUSED_FIELD" = 'invalid providers[0].defaultCacheDuration' ]
  done < <(printf '%s\n' 12 12hours -12h '12 h' 1d)
}

@test "knows keys and forms that not every kubelet accepts" {
  local from to why
  printf '%s' "$GOOD" > "$FILE"
  read_config "$FILE"
  is_plain
  article > "$FILE"
  read_config "$FILE"
  is_plain
  while IFS='|' read -r from to why; do
    printf '%s' "${GOOD/"$from"/$to}" > "$FILE"
    read_config "$FILE"
    refute is_plain
    [ "$REPLY" = "$why" ] || { echo "$to: $REPLY" && false; }
  done < <(printf '%s\n' '"name":|"colour":"red","name":|/providers/0/colour' '"kind":|"x":{"y":1},"kind":|/x' \
    '"name":"HOME"|"name":"HOME","secret":1|/providers/0/env/0/secret' '*.dkr.ecr.*.amazonaws.cn|mirror[0-9].corp.example|matchImages' \
    '"env":|"tokenAttributes":{"requireServiceAccount":false},"env":|tokenAttributes')
}

@test "knows for which pods alone kubelet runs a provider, and prefers one for all" {
  local image=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause tokens
  tokens='"tokenAttributes":{"requireServiceAccount":true,"requiredServiceAccountAnnotationKeys":["a/role","b"],"serviceAccountTokenAudience":"x","cacheType":"Token"},"env":'
  local good=${GOOD/amazonaws.cn/amazonaws.com.cn}
  printf '%s' "${good/'"env":'/$tokens}" > "$FILE"
  read_config "$FILE"
  find_provider "$image"
  [ "$PROVIDER ${TOKENS[0]} ${ONLY_FOR[0]} $UNKNOWN_KEY" = '0 true a/role b ' ]
  printf '%s' "${good/'"env":'/'"tokenAttributes":{"requireServiceAccount":true},"env":'}" > "$FILE"
  read_config "$FILE"
  [ "${ONLY_FOR[0]}" = service-account ]
  local second=${good#*providers\":[}
  second=${second%]\}}
  second=${second/ecr-credential-provider/ecr-for-all}
  printf '%s' "${good/'"env":'/$tokens}" | sed "s/]}\$/,${second//\//\\/}]}/" > "$FILE"
  read_config "$FILE"
  find_provider "$image"
  [ "$PROVIDER ${NAMES[1]}" = '1 ecr-for-all' ]
  article > "$FILE"
  printf '%s\n' '    tokenAttributes:' '      requireServiceAccount: true' '      requiredServiceAccountAnnotationKeys:' '        - a/role' >> "$FILE"
  read_config "$FILE"
  [ "${ONLY_FOR[0]}" = a/role ]
  refute is_plain
}

@test "reads a folder of configurations as one, and a byte order mark as nothing" {
  local folder=$WORK/folder
  mkdir "$folder"
  printf '\357\273\277{"kind":"CredentialProviderConfig","apiVersion":"kubelet.config.k8s.io/v1","providers":[{"name":"b","matchImages":["b.c"],"defaultCacheDuration":"12h","apiVersion":"%s"}]}' "$V1" > "$folder/b.json"
  read_config "$folder/b.json"
  [ "$CONFIG_FORMAT ${NAMES[*]}" = 'json b' ]
  refute config_is_refused
  printf '{"kind":"CredentialProviderConfig","apiVersion":"kubelet.config.k8s.io/v1","providers":[{"name":"a","matchImages":["a.b"],"defaultCacheDuration":"12h","apiVersion":"%s"}]}' "$V1" > "$folder/a.json"
  : > "$folder/notes.txt"
  read_config "$folder"
  [ "${NAMES[*]}/${PATTERNS[*]}" = 'a b/0 a.b 1 b.c' ]
  refute config_is_refused
  find_provider b.c/x
  [ "$PROVIDER" = 1 ]
  printf '{"kind":"Other"}' > "$folder/c.json"
  read_config "$folder"
  config_is_refused
  rm "$folder"/*.json
  read_config "$folder"
  config_is_refused
}
