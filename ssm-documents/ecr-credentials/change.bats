#!/usr/bin/env bats
# The changes that a repair makes on disk, and how they are rolled back.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  # The script reads this once, when it is loaded.
  export FLEETMEND_PROVIDER_FOLDERS="$BATS_TEST_TMPDIR/new $BATS_TEST_TMPDIR/old" FLEETMEND_RUN_DIR=$BATS_TEST_TMPDIR
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/change.sh"
  # The folder of these tests is below one that every user may write to.
  trusted_path() { REPLY=''; }
  REASON_FOUND=CredentialProviderMismatch REGISTRY=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn
  ECR_REGION=cn-north-1 CREDENTIAL_CONFIG=$WORK/config.json
}

HEAD='{"kind":"CredentialProviderConfig","apiVersion":"kubelet.config.k8s.io/v1","providers":[{"name":"ecr-credential-provider","matchImages":['
TAIL='],"defaultCacheDuration":"12h","apiVersion":"credentialprovider.kubelet.k8s.io/v1"}]}'
WANTED='*.dkr.ecr.*.amazonaws.com.cn'

@test "adds the pattern to JSON in any layout, and changes no other byte" {
  while IFS='|' read -r before after; do
    printf '%b' "$HEAD$before$TAIL" > "$CREDENTIAL_CONFIG"
    chmod 640 "$CREDENTIAL_CONFIG"
    read_config "$CREDENTIAL_CONFIG"
    add_pattern 2> /dev/null
    [ "$(cat "$CREDENTIAL_CONFIG")" = "$(printf '%b' "$HEAD$after$TAIL")" ]
    [ "$(stat -c %a "$CREDENTIAL_CONFIG")" = 640 ]
    [ "$(cat "$BACKUP")" = "$(printf '%b' "$HEAD$before$TAIL")" ]
    rm "$BACKUP"
  done < <(printf '%s\n' "\"a.b\"|\"$WANTED\",\"a.b\"" "\\\\n  \"a.b\",\\\\n  \"c.d\"\\\\n|\\\\n  \"$WANTED\",\\\\n  \"a.b\",\\\\n  \"c.d\"\\\\n" \
    " \"a.b\" | \"$WANTED\", \"a.b\" " | sed 's/\\\\/\\/g')
}

@test "adds the pattern to YAML, and rolls it back" {
  printf '%s\n' 'apiVersion: kubelet.config.k8s.io/v1' 'kind: CredentialProviderConfig' 'providers:' '  - name: ecr-credential-provider' \
    '    matchImages:' '      - "*.dkr.ecr.*.amazonaws.cn"' '    defaultCacheDuration: 12h' \
    '    apiVersion: credentialprovider.kubelet.k8s.io/v1' > "$CREDENTIAL_CONFIG"
  cp "$CREDENTIAL_CONFIG" "$WORK/before"
  read_config "$CREDENTIAL_CONFIG"
  add_pattern 2> /dev/null
  [ "$(diff "$WORK/before" "$CREDENTIAL_CONFIG")" = "5a6
>       - \"$WANTED\"" ]
  take_back 2> /dev/null
  cmp "$WORK/before" "$CREDENTIAL_CONFIG"
  [ "$(cd "$WORK" && echo config*)" = config.json ]
}

@test "records the change, so that the next run can roll it back if this one is killed" {
  printf '%s' "$HEAD\"a.b\"$TAIL" > "$CREDENTIAL_CONFIG"
  read_config "$CREDENTIAL_CONFIG"
  add_pattern 2> /dev/null
  backup=$BACKUP REASON_FOUND=''
  pending_fault
  CHANGED_FILE='' BACKUP=''
  read_pending
  [ "$REASON_FOUND $FIX $CHANGED_FILE $BACKUP" = "CredentialProviderMismatch restart $CREDENTIAL_CONFIG $backup" ]
}

@test "links the folder, the program and the configuration that the flags name, and rolls the links back" {
  mkdir "$WORK/new"
  printf '%s' "$HEAD\"a.b\"$TAIL" > "$WORK/new/config.json"
  printf '#!/bin/sh\n' > "$WORK/new/ecr-credential-provider"
  chmod 755 "$WORK/new/ecr-credential-provider"
  REASON_FOUND=CredentialProviderMissing CREDENTIAL_BIN_DIR=$WORK/old CREDENTIAL_CONFIG=$WORK/old/ecr-credential-provider-config
  add_links 2> /dev/null
  [ -x "$WORK/old/ecr-credential-provider" ]
  [ "$(readlink "$CREDENTIAL_CONFIG")" = "$WORK/new/config.json" ]
  [ "$(stat -c %a "$WORK/old")" = 755 ]
  take_back 2> /dev/null
  [ ! -e "$WORK/old" ]
  [ -f "$WORK/new/config.json" ]
}

@test "links nothing where there is no other copy, and reports it" {
  CREDENTIAL_BIN_DIR=$WORK/old CREDENTIAL_CONFIG=$WORK/old/config.json
  refute add_links 2> /dev/null
  [ "${UNCHANGED_FACTS[*]}" = "notChanged no-copy searchedFolders $PROVIDER_FOLDERS" ]
  [ "$CHANGED" = false ]
}

@test "removes one login and its comma, and no other byte" {
  REASON_FOUND=DockerCredentialsStale DOCKER_CONFIG=$WORK/docker.json STALE_PATH=/auths/b.io
  while IFS='|' read -r before after; do
    printf '%s' "$before" > "$DOCKER_CONFIG"
    chmod 600 "$DOCKER_CONFIG"
    remove_login 2> /dev/null
    [ "$(cat "$DOCKER_CONFIG")" = "$after" ]
    [ "$(stat -c %a "$DOCKER_CONFIG") $(cat "$BACKUP")" = "600 $before" ]
    rm "$BACKUP"
  done < <(printf '%s\n' '{"auths":{"b.io":{"auth":"x"}},"y":1}|{"auths":{},"y":1}' \
    '{"auths":{"a":{}, "b.io":{"auth":"x"}}}|{"auths":{"a":{}}}' \
    '{"auths":{"b.io":{"auth":"x"}, "c":{}}}|{"auths":{"c":{}}}' \
    '{"auths":{"a":{},"b.io":{"auth":"x"} ,"c":{}}}|{"auths":{"a":{},"c":{}}}')
}

@test "prefers an untrusted copy to no copy as the reason" {
  mkdir "$WORK/new"
  printf '%s' "$HEAD\"a.b\"$TAIL" > "$WORK/new/config.json"
  trusted_path() {
    REPLY='/etc (mode 777)'
    return 1
  }
  CREDENTIAL_BIN_DIR=$WORK/old CREDENTIAL_CONFIG=$WORK/old/config.json
  refute add_links 2> /dev/null
  [ "${UNCHANGED_FACTS[*]}" = 'notChanged untrusted untrusted /etc (mode 777)' ]
}

@test "uses no copy that kubelet refuses or that has several providers" {
  CREDENTIAL_BIN_DIR=$WORK/old CREDENTIAL_CONFIG=$WORK/config.json
  printf '%s' "$HEAD$TAIL" > "$CREDENTIAL_CONFIG"
  refute add_links 2> /dev/null
  [ "${UNCHANGED_FACTS[*]}" = "notChanged copy-refused copy $CREDENTIAL_CONFIG" ]
  one='{"name":"a","matchImages":["a.b"],"defaultCacheDuration":"12h","apiVersion":"credentialprovider.kubelet.k8s.io/v1"}'
  printf '{"kind":"CredentialProviderConfig","apiVersion":"kubelet.config.k8s.io/v1","providers":[%s,%s]}' "$one" "${one/\"a\"/\"b\"}" > "$CREDENTIAL_CONFIG"
  refute add_links 2> /dev/null
  [ "${UNCHANGED_FACTS[*]}" = "notChanged several-providers copy $CREDENTIAL_CONFIG" ]
  [ "$CHANGED" = false ]
}

@test "changes no file that other users can write" {
  trusted_path() {
    REPLY='/etc (mode 777)'
    return 1
  }
  printf '%s' "$HEAD\"a.b\"$TAIL" > "$CREDENTIAL_CONFIG"
  read_config "$CREDENTIAL_CONFIG"
  refute add_pattern
  [ "${UNCHANGED_FACTS[*]} $CHANGED" = 'notChanged untrusted untrusted /etc (mode 777) false' ]
}

@test "adds no pattern to a provider that kubelet runs for some pods only" {
  printf '%s' "$HEAD\"a.b\"${TAIL%\}]\}},\"tokenAttributes\":{\"requireServiceAccount\":true}}]}" > "$CREDENTIAL_CONFIG"
  cp "$CREDENTIAL_CONFIG" "$WORK/before"
  read_config "$CREDENTIAL_CONFIG"
  refute add_pattern 2> /dev/null
  [ "${UNCHANGED_FACTS[*]}" = 'notChanged service-account' ]
  cmp "$WORK/before" "$CREDENTIAL_CONFIG"
}
