# Decides whether a pattern of `matchImages` matches an image, as kubelet does (k8s.io/kubernetes pkg/credentialprovider,
# URLsMatchStr, with Go's net/url and path/filepath.Match). Text only.
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

URL_HOST='' URL_PORT='' URL_PATH=''

# split_url TEXT: host, port and path of `https://TEXT`; 1 where Go's parser refuses it, with which kubelet exits. A `?`
# begins the query, so it is never a wildcard in a pattern. (A %41 in the path is not decoded here.)
split_url() {
  local rest=${1%%[#?]*} host allowed='^[][A-Za-z0-9._~!$&'\''()*+,;=:<>"-]*$' address='^\[[0-9A-Fa-f:.]*\](:[0-9]*)?$' plain
  host=${rest%%/*}
  URL_PORT='' URL_PATH=${rest:${#host}}
  host=${host##*@}
  # Every byte outside ASCII is allowed.
  plain=${host//[$'\200'-$'\377']/x}
  [[ $1 != *[[:cntrl:]]* && $plain =~ $allowed ]] || return 1
  if [[ $host == \[* ]]; then
    [[ $host =~ $address ]] || return 1
    URL_PORT=${BASH_REMATCH[1]#:} URL_HOST=${host%%]*}]
    return 0
  elif [[ $host == *:* ]]; then
    URL_PORT=${host##*:} host=${host%:*}
  fi
  URL_HOST=$host
  [[ $URL_PORT =~ ^[0-9]*$ ]]
}

# matches_image PATTERN IMAGE: whether the port and the number of labels are the same, each label matches by its own
# wildcards, and the image's path begins with the pattern's.
matches_image() {
  local host port path
  split_url "$1" || return 1
  host=$URL_HOST port=$URL_PORT path=$URL_PATH
  split_url "$2" && [[ $port == "$URL_PORT" && ${host//[!.]/} == "${URL_HOST//[!.]/}" && ${URL_PATH:0:${#path}} == "$path" ]] \
    && matches_host "$host" "$URL_HOST"
}

# matches_host PATTERN HOST: Go's filepath.Match on each label, for the same number of labels on both sides and no `/` or `\`
# in them. It uses the shell's wildcards where these are the same: in Go a class must not begin with `]` or hold a `-` outside
# of a range, and `!` has no meaning in it.
matches_host() {
  local char pattern=$1 classes='^([^[]|\[\^?([^]-](-[^]-])?)+\])*$'
  [[ $1 =~ $classes ]] || return 1
  for char in '(' '!' ':' '='; do
    pattern=${pattern//"$char"/"\\$char"}
  done
  # shellcheck disable=SC2053  # it is a pattern
  [[ $2 == ${pattern//\*/*([!.])} ]]
}

# pattern_for HOST REGION: the pattern for such a host in every account and region, as the AMIs write it, in REPLY.
pattern_for() {
  REPLY="*.${1#*.}"
  REPLY=${REPLY/".$2."/.*.}
}
