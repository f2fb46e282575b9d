# The net beneath all checks: whether the node's journals show that pods do not start.
#@ use node/services
#@ use node/journal
# shellcheck shell=bash

# Reads the lines of containerd and kubelet, the oldest first. An owner is a pod's namespace and name without what its controller
# appends. A sandbox that starts clears what was before it: only failures after the last success count. kubelet's own event
# counts only for a pod that had failed, since it also announces containers of old sandboxes.
# shellcheck disable=SC2016  # the dollars of awk
readonly SANDBOX_AWK='
function clear(  k) { for (k in failed) delete failed[k]; for (k in owners) delete owners[k]; n = 0 }
function fail(pod, words,  owner) {
  owner = pod
  sub(/-[a-z0-9][a-z0-9][a-z0-9][a-z0-9][a-z0-9]$/, "", owner)
  sub(/-[0-9]+$|-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+$/, "", owner)
  failed[pod] = 1
  if (!(owner in owners)) { owners[owner] = 1; n++ }
  last = words
}
function between(text, from, to,  at) {
  at = index(text, from)
  if (at == 0) return ""
  text = substr(text, at + length(from))
  at = index(text, to)
  return at == 0 ? text : substr(text, 1, at - 1)
}
/RunPodSandbox for &PodSandboxMetadata/ && / returns sandbox id / { clear(); next }
/RunPodSandbox for &PodSandboxMetadata/ && /failed, error/ {
  fail(between($0, "Namespace:", ",") "/" between($0, "PodSandboxMetadata{Name:", ","), between($0, " error=", "\001"))
  next
}
/"Failed to create sandbox for pod"|"CreatePodSandbox for pod failed"/ {
  pod = between($0, " pod=\"", "\"")
  if (pod != "") fail(pod, between($0, " err=", "\001"))
  next
}
/SyncLoop \(PLEG\)/ && /ContainerStarted/ && (between($0, " pod=\"", "\"") in failed) { clear() }
END { if (n > 1) print last }'

# A journal with more lines in ten minutes than this is read from its end: who fails, fails again and again.
readonly NEWEST_LINES=5000

# sandboxes_fail: whether, in the last ten minutes, the sandboxes of pods of two owners failed, and none started since. The last
# words about one are then in REPLY.
sandboxes_fail() {
  command -v journalctl > /dev/null || return 1
  REPLY=$(bounded 6 journalctl --quiet --no-pager --reverse --output=cat --since=-10min --unit=containerd.service \
    --unit="${KUBELET_UNIT:-kubelet.service}" 2> /dev/null \
    | bounded 6 head -n "$NEWEST_LINES" | bounded 6 grep -a -E 'RunPodSandbox for &|andbox for pod|PLEG.*ContainerStarted' \
    | bounded 6 tac | bounded 6 awk "$SANDBOX_AWK") || true
  REPLY=${REPLY:0:600}
  [[ -n $REPLY ]]
}
