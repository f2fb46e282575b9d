#!/usr/bin/env bats
# Fetching an image, with and without a token.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/fetch.sh"
  SAMPLES=$BATS_TEST_DIRNAME/../testing/samples
}

@test "names the reason behind an error of the fetch" {
  while IFS='|' read -r reason text; do
    fetch_failure_reason "$text" 1
    [ "$REPLY" = "$reason" ]
  done < "$SAMPLES/fetch-errors.txt"
  fetch_failure_reason '' 124
  [ "$REPLY" = RegistryUnreachable ]
}

@test "sends the token to the image's host and no other" {
  write_hosts_file h.example c2VjcmV0 > "$WORK/hosts.toml"
  [ "$(grep -c 'Basic c2VjcmV0' "$WORK/hosts.toml")" -eq 2 ]
  [ "$(grep -o 'https://[a-z.]*' "$WORK/hosts.toml" | sort -u)" = https://h.example ]
}

# The ctr of these tests, which keeps its arguments and the content of its files.
fake_ctr() {
  mkdir "$WORK/bin"
  printf '%s\n' '#!/bin/bash' "printf '%s\n' \"\$*\" >> '$WORK/arguments'" \
    'while (($# > 0)); do [[ $1 != --hosts-dir ]] || hosts=$2; shift; done' \
    "[[ -z \${hosts-} ]] || cat \"\$hosts\"/*/hosts.toml > '$WORK/read'" "env > '$WORK/environment'" 'exit 0' > "$WORK/bin/ctr"
  chmod 755 "$WORK/bin/ctr"
  PATH=$WORK/bin:$PATH
}

@test "passes the token to ctr in a file without a name only" {
  fake_ctr
  TOKEN=s3cr3t
  secret=$(printf 'AWS:s3cr3t' | base64 -w0)
  fetch_with_token h.example/a:1
  [ -z "$TOKEN" ]
  [ "$(grep -c "Basic $secret" "$WORK/read")" -eq 2 ]
  run ! grep -e s3cr3t -e "$secret" "$WORK/arguments" "$WORK/environment"
  rm "$WORK/read"
  run ! grep -r -e s3cr3t -e "$secret" "$WORK"
  [ ! -e /proc/$$/fd/8 ]
}

@test "sends the registry no request when it cannot create the file for the token" {
  fake_ctr
  TOKEN=s3cr3t
  : > "$WORK/hosts"
  refute fetch_with_token h.example/a:1
  [ "$FAILURE_REASON" = ScriptFailed ]
  [ ! -e "$WORK/arguments" ]
}

@test "retries once when the registry is unreachable, and not after a rejection" {
  bounded() {
    [[ $2 == ctr ]] || return 0
    printf 'x\n' >> "$WORK/tries"
    printf '%s\n' "$ANSWER" >&2
    return 1
  }
  ANSWER='dial tcp: i/o timeout'
  refute fetch h.example/a:1
  [ "$(wc -l < "$WORK/tries") $FAILURE_REASON" = '2 RegistryUnreachable' ]
  FAILURE_REASON='' ANSWER='403 Forbidden'
  refute fetch h.example/a:1
  [ "$(wc -l < "$WORK/tries") $FAILURE_REASON" = '3 RegistryDenied' ]
  [ "$CHANGED" = true ]
}
