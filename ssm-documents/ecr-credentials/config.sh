# kubelet's image credential provider as its configuration file has it (JSON, or YAML), and whether kubelet would take it.
#@ use base/json
#@ use ./yaml
#@ use ./match
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# One entry per provider; several values of one are lines, in ARGUMENTS and in VARIABLES (`env`, NAME=VALUE). PATTERNS has all
# patterns, each after the number of its provider.
NAMES=() VERSIONS=() DURATIONS=() PATTERNS=() LAST_PATTERNS=() ARGUMENTS=() VARIABLES=()
CONFIG_FORMAT='' CONFIG_KIND=''

# read_config FILE: all of the above. 1: the file is neither JSON nor YAML; 2: it could not be judged; why in REPLY.
read_config() {
  NAMES=() VERSIONS=() DURATIONS=() PATTERNS=() LAST_PATTERNS=() ARGUMENTS=() VARIABLES=() CONFIG_KIND=/
  # kubelet takes what begins with a brace for JSON (apimachinery, GuessJSONStream), and all else for YAML.
  CONFIG_FORMAT=yaml
  if [[ -f $1 ]] && IFS= read -r -d '{' -n 200 REPLY < "$1" && [[ -z ${REPLY//[[:space:]]/} ]]; then
    CONFIG_FORMAT=json
    each_value "$1" take_config_value
  else
    each_value "$1" take_config_value "$YAML_AWK"
  fi
}

take_config_value() {
  local i item='^/providers/([0-9]{1,2})/([A-Za-z]+)(/[0-9]{1,2}(/[a-z]+)?)?$'
  case $1 in
    /kind) CONFIG_KIND+=$3 ;;
    /apiVersion) CONFIG_KIND=$3$CONFIG_KIND ;;
  esac
  [[ $1 =~ $item ]] || return 0
  i=${BASH_REMATCH[1]}
  NAMES[i]=${NAMES[i]-}
  case $2:${BASH_REMATCH[2]}${BASH_REMATCH[4]} in
    string:name) NAMES[i]=$3 ;;
    string:apiVersion) VERSIONS[i]=$3 ;;
    string:defaultCacheDuration) DURATIONS[i]=$3 ;;
    string:matchImages) PATTERNS+=("$i $3") LAST_PATTERNS[i]=$3 ;;
    string:args) ARGUMENTS[i]=${ARGUMENTS[i]-}$3$'\n' ;;
    string:env/name) VARIABLES[i]=${VARIABLES[i]-}$'\n'$3= ;;
    string:env/value) VARIABLES[i]=${VARIABLES[i]-}$3 ;;
  esac
}

# config_is_refused: whether kubelet would refuse what read_config read; why in REPLY. The rules are those of
# validateCredentialProviderConfig that every version of kubelet has.
config_is_refused() {
  local i name pattern seen=' ' version='k8s\.io/v1(alpha1|beta1)?'
  REPLY=''
  ((${#NAMES[@]} > 0)) || REPLY='it has no providers'
  for i in "${!NAMES[@]}"; do
    name=${NAMES[i]}
    [[ $name =~ ^[^/\ ]+$ && $name != @(.|..) ]] || REPLY="\"$name\" is no name"
    [[ $seen != *" $name "* ]] || REPLY="it has $name twice"
    seen+="$name "
    [[ ${VERSIONS[i]-} =~ ^credentialprovider\.kubelet\.$version$ ]] || REPLY="$name has the apiVersion \"${VERSIONS[i]-}\""
    [[ -n ${DURATIONS[i]-} ]] || REPLY="$name has no defaultCacheDuration"
    [[ -n ${LAST_PATTERNS[i]-} ]] || REPLY="$name has no matchImages"
  done
  for i in "${!PATTERNS[@]}"; do
    pattern=${PATTERNS[i]#* }
    split_url "$pattern" || REPLY="the pattern \"$pattern\" is no URL"
  done
  [[ $CONFIG_KIND =~ ^kubelet\.config\.$version/CredentialProviderConfig$ ]] || REPLY="it is $CONFIG_KIND, not kubelet.config.k8s.io/v1/CredentialProviderConfig"
  [[ -n $REPLY ]]
}

# find_provider IMAGE: the provider that kubelet asks for IMAGE, as an index in PROVIDER; 1 where there is none. The pattern
# that ends like IMAGE's host is then in REPLY: the one that was meant.
find_provider() {
  local i pattern near='' host=${1%%/*}
  for i in "${!PATTERNS[@]}"; do
    pattern=${PATTERNS[i]#* } PROVIDER=${PATTERNS[i]%% *}
    ! matches_image "$pattern" "$1" || return 0
    [[ ${pattern##*.} != "${host##*.}" || ${pattern#*.} != dkr* ]] || near=${near:-$pattern}
  done
  PROVIDER='' REPLY=$near
  return 1
}

PROVIDER=''
