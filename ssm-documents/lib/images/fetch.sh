# Fetches an image from a registry into containerd's store, with `ctr content fetch`.
#@ use node/containerd
#@ use node/network
#@ use base/failures
#@ sets TOKEN
# shellcheck shell=bash

# fetch ARGUMENT...: runs `ctr content fetch`, and retries once after a network failure. containerd keeps the content that it
# has received, so the retry fetches only the rest.
fetch() {
  local attempt reason
  changing "fetching ${*: -1}"
  for attempt in 1 2; do
    RC=0
    (with_network bounded 60 ctr --address "$CONTAINERD_SOCKET" --namespace "$IMAGE_NAMESPACE" content fetch "$@") \
      > "$WORK/out" 2> "$WORK/err" || RC=$?
    slurp "$WORK/err"
    ERR=$REPLY
    ((RC != 0)) || return 0
    fetch_failure_reason "$ERR" "$RC"
    reason=$REPLY
    if [[ $attempt == 2 || $reason != RegistryUnreachable ]]; then
      break
    fi
    log 'retrying in 2 s: the registry was not reached'
    bounded 5 sleep 2
  done
  failure_evidence "$ERR" "$RC"
  capture_error
  note_failure "$reason" "$REPLY" fetched "${*: -1}"
  return 1
}

# fetch_failure_reason TEXT CODE: the reason that ctr's error text shows, in REPLY.
fetch_failure_reason() {
  case $1 in
    *'flag provided but not defined'*) REPLY=ToolMissing ;;
    *'no space left on device'*) REPLY=DiskFull ;;
    *'dial unix'*) REPLY=RuntimeDown ;;
    *'remote error: tls:'* | *'does not look like a TLS handshake'* | *'HTTP response to HTTPS client'*) REPLY=RegistryCertificate ;;
    *'403 Forbidden'* | *'400 Bad Request'* | *'401 Unauthorized'* | *'no basic auth credentials'* | \
      *'authorization failed'* | *'pull access denied'* | *'token has expired'*) REPLY=RegistryDenied ;;
    *': not found'* | *'404 Not Found'* | *'no match for platform'*) REPLY=RegistryImageNotFound ;;
    *'Proxy Authentication Required'* | *'Service Unavailable'* | *'Bad Gateway'* | *'Gateway Time'* | \
      *'Internal Server Error'* | *'Too Many Requests'* | *toomanyrequests*) REPLY=RegistryUnreachable ;;
    *) network_reason "$1" "$2" || REPLY=SandboxImagePullFailed ;;
  esac
}

# write_hosts_file HOST SECRET: containerd's hosts.toml, which adds the token to every request to HOST. The file has it twice:
# if a request to the host fails, ctr sends it to the default server, which is HOST too. Without a token, the 401 of the second
# request would hide the first response. ECR redirects blobs to S3, which rejects a request with two authorizations; Go's HTTP
# client removes the header when it follows a redirect to another domain.
write_hosts_file() {
  printf 'server = "https://%s"\n[header]\n  Authorization = ["Basic %s"]\n' "$1" "$2"
  printf '[host."https://%s"]\n  capabilities = ["pull", "resolve"]\n' "$1"
  printf '[host."https://%s".header]\n  Authorization = ["Basic %s"]\n' "$1" "$2"
}

# fetch_with_token REF: runs `fetch` with TOKEN, and clears TOKEN. ctr reads the token from a file without a name: the file is
# unlinked while it is still empty, and hosts.toml is a link to its open descriptor. So the token is in no argument list, in no
# environment and in no file that can outlive the script, whenever it is killed.
fetch_with_token() {
  local host=${1%%/*} secret code=0
  secret=$(printf 'AWS:%s' "$TOKEN" | base64 -w0)
  TOKEN=''
  # Without the file, ctr would send a request without a token, and the response would be misleading.
  if open_nameless_file "$WORK/hosts/$host/hosts.toml" && write_hosts_file "$host" "$secret" >&8; then
    fetch --hosts-dir "$WORK/hosts" "$1" || code=1
  else
    code=1
    note_failure ScriptFailed '' unwritable "$RUN_DIR"
  fi
  secret=''
  exec 8>&-
  return "$code"
}

# open_nameless_file LINK: opens an empty file without a name as descriptor 8; LINK points to it.
open_nameless_file() {
  mkdir -p -- "${1%/*}" && ln -s /proc/self/fd/8 "$1" && exec 8<> "$WORK/nameless" && rm -f -- "$WORK/nameless"
}
