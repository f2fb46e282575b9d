#!/usr/bin/env bats
# The report of a repair that failed.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/failures.sh"
}

@test "reports the first failure with its evidence, since the later methods are fallbacks" {
  note_failure RegistryDenied one failedStep fetch
  note_failure NoLocalCopy two failedStep tag path /x
  [ "$FAILURE_REASON $FAILURE_DETAIL ${FAILURE_FACTS[*]}" = 'RegistryDenied one failedStep fetch' ]
}

@test "notes a failure without a detail" {
  note_failure RegistryDenied
  [ "$FAILURE_REASON$FAILURE_DETAIL${#FAILURE_FACTS[@]}" = RegistryDenied0 ]
}

@test "reports that nothing was changed only where that is so" {
  finish() { printf '%s|%s\n' "$*" "$EVIDENCE"; }
  note_failure RegistryDenied 'HTTP 403' fetched a/b:1 untrusted ''
  run finish_not_repaired NoLocalCopy
  [ "${lines[-1]}" = 'NotRepaired RegistryDenied HTTP 403|"fetched":"a/b:1","changed":false' ]
  changing 'pinning something'
  run finish_not_repaired NoLocalCopy
  [ "${lines[-1]}" = 'NotRepaired RegistryDenied HTTP 403|"fetched":"a/b:1"' ]
  forget_failure
  run finish_not_repaired NoLocalCopy
  [ "${lines[-1]}" = 'NotRepaired NoLocalCopy |' ]
}

@test "ends with its own reason and evidence where no failure was noted" {
  finish() { printf '%s|%s\n' "$*" "$EVIDENCE"; }
  run finish_not_repaired NoLocalCopy '' path /x
  [ "${lines[-1]}" = 'NotRepaired NoLocalCopy |"path":"/x","changed":false' ]
}

@test "reports how a request failed, of the failure that is reported only" {
  local text='ctr: failed to resolve reference "R": failed to do request: Head "https://h.example/v2/": ' expected said
  while IFS='|' read -r expected said; do
    EVIDENCE=''
    failure_evidence "$text$said" 1
    [ "$EVIDENCE" = "\"failedHost\":\"h.example\",\"networkError\":\"$expected\"" ]
  done < <(printf '%s\n' 'dns|dial tcp: lookup h.example on 10.0.0.2:53: no such host' \
    'dns|dial tcp: lookup h.example: Temporary failure in name resolution' \
    'timeout|dial tcp 10.0.0.9:443: i/o timeout' 'timeout|context deadline exceeded' \
    'tls-timeout|net/http: TLS handshake timeout' 'refused|dial tcp 10.0.0.9:443: connect: connection refused' \
    'reset|read tcp 10.0.0.1:2->10.0.0.9:443: read: connection reset by peer' 'reset|EOF' \
    'route|dial tcp 10.0.0.9:443: connect: network is unreachable' 'proxy|proxyconnect tcp: unknown' \
    'certificate-issuer|x509: certificate signed by unknown authority' \
    'certificate-time|tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time' \
    'certificate-name|tls: failed to verify certificate: x509: certificate is valid for a.example, not h.example')
  EVIDENCE=''
  failure_evidence 'unexpected status from HEAD request to https://h.example/v2/eks/pause/manifests/3.5: 403 Forbidden' 1
  [ "$EVIDENCE" = '"httpStatus":403,"failedHost":"h.example"' ]
  EVIDENCE=''
  failure_evidence 'operation error ECR: GetAuthorizationToken, https response error StatusCode: 503, RequestID: x' 1
  [ "$EVIDENCE" = '"httpStatus":503' ]
  EVIDENCE=''
  failure_evidence '' 124
  [ "$EVIDENCE" = '"networkError":"timeout"' ]
  EVIDENCE='' FAILURE_REASON=RegistryDenied
  failure_evidence '' 124
  [ -z "$EVIDENCE" ]
}

@test "finds the better reason in a failed command's error text" {
  RC=1 ERR='ctr: write /x: no space left on device'
  note_failed_command SandboxImagePullFailed tag
  [ "$FAILURE_REASON $FAILURE_DETAIL ${FAILURE_FACTS[*]}" = 'DiskFull ctr: write /x: no space left on device failedStep tag' ]
}
