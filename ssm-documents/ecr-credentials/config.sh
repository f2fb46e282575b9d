# Reads the configuration of kubelet's image credential provider (JSON or YAML), and decides whether kubelet accepts it.
#@ use base/json
#@ use ./yaml
#@ use ./match
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# One entry per provider; ARGUMENTS and VARIABLES (`env`, NAME=VALUE) hold a line for each value. PATTERNS holds all patterns,
# each after the index of its provider.
NAMES=() VERSIONS=() DURATIONS=() PATTERNS=() HAS_PATTERNS=() ARGUMENTS=() VARIABLES=()
CONFIG_FORMAT='' CONFIG_KIND=''
# The first provider of the file that is being read: since 1.36 kubelet takes a folder of files too.
FIRST_PROVIDER=0
# tokenAttributes (kubelet 1.34 and later): whether a provider has them, and the pods for which kubelet then runs it alone, in words
# of the configuration: those with a service account (service-account), or with its annotation too (the keys).
TOKENS=() CACHE_TYPES=() ONLY_FOR=()
# The first key that kubelet does not know. It refuses one from 1.36 on, and ignored it before.
UNKNOWN_KEY=''
# The field that kubelet refuses, and its value.
REFUSED_FIELD='' REFUSED_VALUE=''

# read_config PATH: sets all of the above. 1: a file is neither JSON nor YAML; 2: this reader does not support it; the error
# is in REPLY.
read_config() {
  local file kinds='^(,kubelet\.config\.k8s\.io/v1(alpha1|beta1)?/CredentialProviderConfig)+$' all='' files=("$1")
  NAMES=() VERSIONS=() DURATIONS=() PATTERNS=() HAS_PATTERNS=() ARGUMENTS=() VARIABLES=()
  TOKENS=() CACHE_TYPES=() ONLY_FOR=() UNKNOWN_KEY=''
  [[ ! -d $1 ]] || files=("$1"/*.json "$1"/*.y*ml)
  for file in "${files[@]}"; do
    [[ ! -d $1 || -f $file ]] || continue
    FIRST_PROVIDER=${#NAMES[@]} CONFIG_KIND=/
    # kubelet reads a file that begins with a brace as JSON (k8s.io/apimachinery, GuessJSONStream), any other as YAML.
    CONFIG_FORMAT=yaml
    if [[ -f $file ]] && IFS= read -r -d '{' -n 200 REPLY < "$file" && [[ -z ${REPLY//[[:space:]$'\357\273\277']/} ]]; then
      CONFIG_FORMAT=json
      each_value "$file" take_config_value || return
    else
      each_value "$file" take_config_value "$YAML_AWK" || return
    fi
    all+=,$CONFIG_KIND
  done
  [[ ! $all =~ $kinds ]] || CONFIG_KIND=''
}

take_config_value() {
  # In YAML the keys of tokenAttributes come without it.
  local i item='^/providers/([0-9]{1,2})/(tokenAttributes/)?([A-Za-z]+)(/[0-9]{1,2}(/[a-z]+)?)?$'
  local known='^/(kind|apiVersion|providers(/[0-9]+(/(name|apiVersion|defaultCacheDuration|matchImages.*|args.*|env(/[0-9]+(/(name|value))?)?|tokenAttributes.*))?)?)$'
  [[ -n $UNKNOWN_KEY || $1 != /* || $1 =~ $known ]] || UNKNOWN_KEY=$1
  case $1 in
    /kind) CONFIG_KIND+=$3 ;;
    /apiVersion) CONFIG_KIND=$3$CONFIG_KIND ;;
  esac
  [[ $1 =~ $item ]] || return 0
  i=$((BASH_REMATCH[1] + FIRST_PROVIDER))
  NAMES[i]=${NAMES[i]-}
  case $2:${BASH_REMATCH[3]}${BASH_REMATCH[5]} in
    string:name) NAMES[i]=$3 ;;
    string:apiVersion) VERSIONS[i]=$3 ;;
    string:defaultCacheDuration) DURATIONS[i]=$3 ;;
    string:matchImages) PATTERNS+=("$i $3") HAS_PATTERNS[i]=true ;;
    string:args) ARGUMENTS[i]=${ARGUMENTS[i]-}$3$'\n' ;;
    string:env/name) VARIABLES[i]=${VARIABLES[i]-}$'\n'$3= ;;
    string:env/value) VARIABLES[i]=${VARIABLES[i]-}$3 ;;
    object:tokenAttributes | string:serviceAccountTokenAudience) TOKENS[i]=true ;;
    string:cacheType) CACHE_TYPES[i]=$3 ;;
    *:requireServiceAccount)
      TOKENS[i]=true
      [[ $3 != true ]] || ONLY_FOR[i]=${ONLY_FOR[i]:-service-account}
      ;;
    string:requiredServiceAccountAnnotationKeys)
      [[ ${ONLY_FOR[i]-} != service-account ]] || ONLY_FOR[i]=''
      ONLY_FOR[i]=${ONLY_FOR[i]:+${ONLY_FOR[i]} }$3
      ;;
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
  # Go's time.ParseDuration, without a minus.
  local duration='^[+]?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|ms|s|m|h))+)$'
  REPLY=''
  ((${#NAMES[@]} > 0)) || refuse_field missing providers ''
  for i in "${!NAMES[@]}"; do
    name=${NAMES[i]} at="providers[$i]"
    [[ $name =~ ^[^/\ ]+$ && $name != @(.|..) ]] || refuse_field invalid "$at.name" "$name"
    [[ $seen != *" $name "* ]] || refuse_field duplicate "$at.name" "$name"
    seen+="$name "
    [[ ${VERSIONS[i]-} =~ ^credentialprovider\.kubelet\.$version$ ]] || refuse_field invalid "$at.apiVersion" "${VERSIONS[i]-}"
    [[ ${DURATIONS[i]-} =~ $duration ]] || refuse_field invalid "$at.defaultCacheDuration" "${DURATIONS[i]-}"
    [[ -n ${HAS_PATTERNS[i]-} ]] || refuse_field missing "$at.matchImages" ''
  done
  for i in "${!PATTERNS[@]}"; do
    pattern=${PATTERNS[i]#* }
    split_url "$pattern" || refuse_field invalid "providers[${PATTERNS[i]%% *}].matchImages" "$pattern"
  done
  [[ -z $CONFIG_KIND ]] || refuse_field invalid apiVersion/kind "$CONFIG_KIND"
  [[ -n $REPLY ]]
}

# is_plain: whether every kubelet accepts the configuration that read_config read, as far as its keys and forms can tell: it has
# no key of some versions only, and no pattern that some of them refuse as a URL.
is_plain() {
  REPLY=$UNKNOWN_KEY
  ((${#TOKENS[@]} == 0)) || REPLY=tokenAttributes
  ((${#PATTERNS[@]} > 0)) && [[ ${PATTERNS[*]} =~ ^[A-Za-z0-9.*:/_\ -]+$ ]] || REPLY=matchImages
  [[ -z $REPLY ]]
}

# find_provider IMAGE: the provider that kubelet runs for IMAGE, as an index in PROVIDER; 1 where there is none. REPLY is then
# the pattern that ends like IMAGE's host, which was probably meant. kubelet runs every provider that matches, so one for all pods
# goes before one for some.
find_provider() {
  local i pattern near='' some='' host=${1%%/*}
  for i in "${!PATTERNS[@]}"; do
    pattern=${PATTERNS[i]#* } PROVIDER=${PATTERNS[i]%% *}
    if matches_image "$pattern" "$1"; then
      [[ -n ${ONLY_FOR[PROVIDER]-} ]] || return 0
      some=${some:-$PROVIDER}
    fi
    [[ ${pattern##*.} != "${host##*.}" || ${pattern#*.} != dkr* ]] || near=${near:-$pattern}
  done
  PROVIDER=$some REPLY=$near
  [[ -n $some ]]
}

PROVIDER=''
