# The runtime, asked as kubelet asks it: by the CRI, which is gRPC over kubelet's socket. curl supports gRPC for calls whose
# request has no fields.
#@ use node/kubelet
#@ use node/journal
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# ready; not-ready (its own answer); unimplemented (it serves no CRI); foreign (no gRPC server listens there); silent; down
# (nothing listens); unasked (no curl that can ask).
CRI_STATE=''
# Its own words, or those of the failed call; and the version of the CRI that it serves (v1; v1alpha2 before containerd 1.6).
CRI_ERROR='' CRI_API=v1
# The version of containerd that answers; empty for another runtime.
CRI_VERSION=''

# cri_socket: the path of kubelet's endpoint, in REPLY.
cri_socket() {
  REPLY=${KUBELET_ENDPOINT:-unix:///run/containerd/containerd.sock}
  REPLY=${REPLY#unix://}
}

# ask_cri SOCKET: sets the variables above; where it is ready, its answer to Status is in $WORK/out.
ask_cri() {
  local words version=$'containerd\032.v?([0-9]+\\.[0-9]+\\.[0-9]+)'
  CRI_ERROR='' CRI_API=v1 CRI_STATE=unasked CRI_VERSION=''
  command -v curl > /dev/null || return 0
  call_cri "$1" Version
  if [[ $CRI_STATE == unimplemented ]]; then
    # kubelet 1.26 and later use v1 alone.
    words=$CRI_ERROR
    kubelet_minor
    if ((${REPLY:-0} < 26)); then
      CRI_API=v1alpha2
      call_cri "$1" Version
    fi
    [[ $CRI_STATE == ready ]] || CRI_STATE=unimplemented CRI_ERROR=$words
  fi
  [[ $CRI_STATE == ready ]] || return 0
  read_answer
  [[ ! $REPLY =~ $version ]] || CRI_VERSION=${BASH_REMATCH[1]}
  call_cri "$1" Status
}

# read_answer: the answer of the last call, without its NUL bytes, in REPLY.
read_answer() {
  local part
  REPLY=''
  while IFS= read -r -d '' part || [[ -n $part ]]; do
    REPLY+=$part
  done < "$WORK/out"
}

# call_cri SOCKET METHOD: how the call ends, in CRI_STATE and CRI_ERROR; its answer is in $WORK/out. A runtime that is just
# restarting closes connections, and one without the service resets the stream before curl has read its answer, in one of six
# calls, and more on a busy node (92). So it is asked again before its socket is called foreign.
call_cri() {
  local head status i
  for i in {1..12}; do
    : > "$WORK/head"
    capture 8 curl -qsS --noproxy '*' --http2-prior-knowledge --unix-socket "$1" --data-binary @- -D "$WORK/head" \
      -H 'content-type: application/grpc' -H 'te: trailers' \
      "http://localhost/runtime.$CRI_API.RuntimeService/$2" < <(printf '\0\0\0\0\0')
    slurp "$WORK/head"
    head=$REPLY status=''
    capture_error
    CRI_ERROR=$REPLY
    [[ ! $head =~ grpc-message:\ ([[:print:]]+) ]] || CRI_ERROR=${BASH_REMATCH[1]}
    [[ ! $head =~ grpc-status:\ ([0-9]+) ]] || status=${BASH_REMATCH[1]}
    # curl: 1, 2 and 4 where it was built without HTTP/2, 7 where nothing listens. gRPC: 4 is its own time limit, 12 UNIMPLEMENTED.
    case $RC/$status in
      */0) CRI_STATE=ready ;;
      */12) CRI_STATE=unimplemented ;;
      */4 | 124/*) CRI_STATE=silent ;;
      */?*) CRI_STATE=not-ready ;;
      [124]/) CRI_STATE=unasked ;;
      7/) CRI_STATE=down CRI_ERROR='nothing listens there' ;;
      *) CRI_STATE=foreign ;;
    esac
    [[ $CRI_STATE == foreign ]] || break
    ((RC == 92)) || { ((i < 4)) && bounded 2 sleep 0.7; } || break
  done
}

# cri_words: why the runtime does not serve, in REPLY: what it has logged about its CRI plugin, otherwise CRI_ERROR.
cri_words() {
  newest_line 5 '(failed to load|skip loading) plugin.*\.cri' --output=cat "_PID=${CONTAINERD_PID:-0}" || REPLY=$CRI_ERROR
  REPLY=${REPLY#*msg=}
}
