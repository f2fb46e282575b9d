# Reads the configuration of kubelet's image credential provider (JSON or YAML), and decides whether kubelet accepts it.
#@ use base/json
#@ use ./yaml
#@ use ./match
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# One entry per provider; ARGUMENTS and VARIABLES (`env`, NAME=VALUE) hold a line for each value. PATTERNS holds all patterns,
# each after the index of its provider.
NAMES=() VERSIONS=() DURATIONS=() PATTERNS=() LAST_PATTERNS=() ARGUMENTS=() VARIABLES=()
CONFIG_FORMAT='' CONFIG_KIND=''
# The field that kubelet refuses, and its value.
REFUSED_FIELD='' REFUSED_VALUE=''

# read_config FILE: sets all of the above. 1: the file is neither JSON nor YAML; 2: this reader does not support it; the error
# is in REPLY.
read_config() {
  NAMES=() VERSIONS=() DURATIONS=() PATTERNS=() LAST_PATTERNS=() ARGUMENTS=() VARIABLES=() CONFIG_KIND=/
  # kubelet reads a file that begins with a brace as JSON (k8s.io/apimachinery, GuessJSONStream), any other as YAML.
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

# refuse_field PROBLEM FIELD VALUE: PROBLEM (missing, invalid or duplicate) in REPLY, with the field.
refuse_field() {
  REPLY=$1 REFUSED_FIELD=$2 REFUSED_VALUE=$3
}

# config_is_refused: whether kubelet refuses the configuration that read_config read; see refuse_field. The rules are those of
# validateCredentialProviderConfig that every version of kubelet has.
config_is_refused() {
  local i at name pattern seen=' ' version='k8s\.io/v1(alpha1|beta1)?'
  REPLY=''
  ((${#NAMES[@]} > 0)) || refuse_field missing providers ''
  for i in "${!NAMES[@]}"; do
    name=${NAMES[i]} at="providers[$i]"
    [[ $name =~ ^[^/\ ]+$ && $name != @(.|..) ]] || refuse_field invalid "$at.name" "$name"
    [[ $seen != *" $name "* ]] || refuse_field duplicate "$at.name" "$name"
    seen+="$name "
    [[ ${VERSIONS[i]-} =~ ^credentialprovider\.kubelet\.$version$ ]] || refuse_field invalid "$at.apiVersion" "${VERSIONS[i]-}"
    [[ -n ${DURATIONS[i]-} ]] || refuse_field missing "$at.defaultCacheDuration" ''
    [[ -n ${LAST_PATTERNS[i]-} ]] || refuse_field missing "$at.matchImages" ''
  done
  for i in "${!PATTERNS[@]}"; do
    pattern=${PATTERNS[i]#* }
    split_url "$pattern" || refuse_field invalid "providers[${PATTERNS[i]%% *}].matchImages" "$pattern"
  done
  [[ $CONFIG_KIND =~ ^kubelet\.config\.$version/CredentialProviderConfig$ ]] || refuse_field invalid apiVersion/kind "$CONFIG_KIND"
  [[ -n $REPLY ]]
}

# find_provider IMAGE: the provider that kubelet runs for IMAGE, as an index in PROVIDER; 1 where there is none. REPLY is then
# the pattern that ends like IMAGE's host, which was probably meant.
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
