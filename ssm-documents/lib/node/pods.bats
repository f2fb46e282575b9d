#!/usr/bin/env bats
# The net: sandbox failures in the journals of containerd and kubelet.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/pods.sh"
  mkdir "$BATS_TEST_TMPDIR/bin"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# The journals have these lines, the oldest first.
journal() {
  printf '%s\n' "$@" > "$BATS_TEST_TMPDIR/lines"
  printf '#!/bin/sh\ncase " $* " in *" --reverse "*) exec tac "%s" ;; *) exec cat "%s" ;; esac\n' \
    "$BATS_TEST_TMPDIR/lines" "$BATS_TEST_TMPDIR/lines" > "$BATS_TEST_TMPDIR/bin/journalctl"
  chmod 755 "$BATS_TEST_TMPDIR/bin/journalctl"
}

of() { printf 'RunPodSandbox for &PodSandboxMetadata{Name:%s,Uid:1-2,Namespace:%s,Attempt:3,}' "${1#*/}" "${1%/*}"; }
failed() { printf 'time="t" level=error msg="%s failed, error" error="rpc error: %s"' "$(of "$1")" "$2"; }
began() { printf 'time="t" level=info msg="%s"' "$(of "$1")"; }
started() { printf 'time="t" level=info msg="%s returns sandbox id \\"aa11\\""' "$(of "$1")"; }
kubelet_failed() { printf 'E0714 1 kuberuntime_sandbox.go:72] "Failed to create sandbox for pod" err="rpc error: %s" pod="%s"' "$2" "$1"; }
kubelet_started() { printf 'I0714 1 kubelet.go:2430] "SyncLoop (PLEG): event for pod" pod="%s" event={"ID":"u","Type":"ContainerStarted","Data":"d"}' "$1"; }

@test "finds failures of two owners, and reports the last words" {
  journal "$(started kube-system/aws-node-x7k2p)" "$(failed default/web-7d4b9c6f5-abcde one)" "$(failed kube-system/coredns-5d78c9869d-fghij 'code = Unknown desc = two')"
  sandboxes_fail
  [ "$REPLY" = '"rpc error: code = Unknown desc = two"' ]
  journal "$(kubelet_failed default/web-7d4b9c6f5-abcde one)" "$(kubelet_failed default/db-0 two)"
  sandboxes_fail
  [[ $REPLY == '"rpc error: two"'* ]]
}

@test "does not take pods of one owner, or one pod that is tried again, for two" {
  journal "$(failed default/web-7d4b9c6f5-abcde one)" "$(failed default/web-7d4b9c6f5-fghij one)" "$(failed default/web-7d4b9c6f5-fghij one)" \
    "$(kubelet_failed default/web-7d4b9c6f5-abcde one)"
  refute sandboxes_fail
  journal "$(failed default/db-0 one)" "$(failed default/db-11 one)"
  refute sandboxes_fail
  journal "$(failed default/agent-abcde one)" "$(failed default/agent-fghij one)"
  refute sandboxes_fail
}

@test "counts only failures after the last success" {
  journal "$(failed a/web-7d4b9c6f5-abcde one)" "$(failed b/db-0 two)" "$(began a/x-0)" "$(started a/x-0)" "$(failed b/db-0 three)"
  refute sandboxes_fail
  journal "$(kubelet_failed a/web-7d4b9c6f5-abcde one)" "$(kubelet_failed b/db-0 two)" "$(kubelet_started a/web-7d4b9c6f5-abcde)"
  refute sandboxes_fail
}

@test "does not take a container of an old sandbox, or a request, for a success" {
  journal "$(failed a/web-7d4b9c6f5-abcde one)" "$(failed b/db-0 two)" "$(began a/web-7d4b9c6f5-abcde)" "$(kubelet_started c/old-0)"
  sandboxes_fail
}

@test "reads a long journal from its end, and no more of it than is needed" {
  local lines=()
  while IFS= read -r line; do lines+=("$line"); done < <(seq -f 'line %g' "$NEWEST_LINES")
  journal "$(failed a/web-7d4b9c6f5-abcde one)" "${lines[@]:2}" "$(failed b/db-0 two)"
  sandboxes_fail
  journal "$(failed a/web-7d4b9c6f5-abcde one)" "${lines[@]}" "$(failed b/db-0 two)"
  refute sandboxes_fail
}

@test "finds nothing where there are no such lines, and no journal" {
  journal 'time="t" level=info msg="other"'
  refute sandboxes_fail
  PATH=/nonexistent refute sandboxes_fail
}
