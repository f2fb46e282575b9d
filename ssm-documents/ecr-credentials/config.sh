# kubelet's image credential provider as its configuration file has it (JSON, or YAML), and whether kubelet would take it.
#@ use json
#@ use ./yaml
#@ use ./match
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# One entry per provider; several values of one are lines. `env` is lines NAME=VALUE.
NAMES=() VERSIONS=() DURATIONS=() PATTERNS=() ARGUMENTS=() VARIABLES=()
CONFIG_FORMAT='' CONFIG_KIND=''

# read_config FILE: all of the above. 1: the file is neither JSON nor YAML; 2: it could not be judged; why in REPLY.
read_config() {
  local path type value i code=0 item='^/providers/([0-9]{1,2})/([A-Za-z]+)((/[0-9]{1,2})(/[a-z]+)?)?$'
  NAMES=() VERSIONS=() DURATIONS=() PATTERNS=() ARGUMENTS=() VARIABLES=() CONFIG_KIND=/
  # kubelet takes what begins with a brace for JSON (apimachinery, GuessJSONStream), and all else for YAML.
  CONFIG_FORMAT=yaml
  if IFS= read -r -d '{' -n 200 value < "$1" && [[ -z ${value//[[:space:]]/} ]]; then
    CONFIG_FORMAT=json
  fi
  while IFS=$'\t' read -r path type value; do
    case $path in
      /kind) CONFIG_KIND+=$value ;;
      /apiVersion) CONFIG_KIND=$value$CONFIG_KIND ;;
      code) code=$type ;;
    esac
    [[ $path =~ $item ]] || continue
    i=${BASH_REMATCH[1]}
    NAMES[i]=${NAMES[i]-}
    case $type:${BASH_REMATCH[2]}${BASH_REMATCH[5]} in
      string:name) NAMES[i]=$value ;;
      string:apiVersion) VERSIONS[i]=$value ;;
      string:defaultCacheDuration) DURATIONS[i]=$value ;;
      string:matchImages) PATTERNS[i]=${PATTERNS[i]-}$value$'\n' ;;
      string:args) ARGUMENTS[i]=${ARGUMENTS[i]-}$value$'\n' ;;
      string:env/name) VARIABLES[i]=${VARIABLES[i]-}$'\n'$value= ;;
      string:env/value) VARIABLES[i]=${VARIABLES[i]-}$value ;;
    esac
  done < <(
    "${CONFIG_FORMAT}_run" "$1" '' 2> "$WORK/why" || code=$?
    printf 'code\t%s\n' "$code"
  )
  slurp "$WORK/why"
  last_line "$REPLY"
  return "$code"
}

# config_is_refused: whether kubelet would refuse what read_config read; why in REPLY. The rules are those of
# validateCredentialProviderConfig that every version of kubelet has.
config_is_refused() {
  local i pattern seen=' ' versions='v1(alpha1|beta1)?'
  REPLY=''
  if [[ ! $CONFIG_KIND =~ ^kubelet\.config\.k8s\.io/$versions/CredentialProviderConfig$ ]]; then
    REPLY="it is $CONFIG_KIND, not kubelet.config.k8s.io/v1/CredentialProviderConfig"
    return
  fi
  if ((${#NAMES[@]} == 0)); then
    REPLY='it has no providers'
    return
  fi
  for i in "${!NAMES[@]}"; do
    case ${NAMES[i]} in
      '' | */* | *' '* | . | ..) REPLY="\"${NAMES[i]}\" is no name" ;;
    esac
    [[ $seen != *" ${NAMES[i]} "* ]] || REPLY="it has ${NAMES[i]} twice"
    seen+="${NAMES[i]} "
    [[ ${VERSIONS[i]-} =~ ^credentialprovider\.kubelet\.k8s\.io/$versions$ ]] || REPLY="${NAMES[i]} has the apiVersion \"${VERSIONS[i]-}\""
    [[ -n ${DURATIONS[i]-} ]] || REPLY="${NAMES[i]} has no defaultCacheDuration"
    [[ -n ${PATTERNS[i]-} ]] || REPLY="${NAMES[i]} has no matchImages"
    while IFS= read -r pattern; do
      split_url "$pattern" || REPLY="the pattern \"$pattern\" is no URL"
    done < <(printf '%s' "${PATTERNS[i]-}")
  done
  [[ -n $REPLY ]]
}

# find_provider IMAGE: the provider that kubelet asks for IMAGE, as an index in PROVIDER; 1 where there is none. The pattern
# that ends like IMAGE's host is then in REPLY: the one that was meant.
find_provider() {
  local i pattern near='' host=${1%%/*}
  for i in "${!NAMES[@]}"; do
    while IFS= read -r pattern; do
      if matches_image "$pattern" "$1"; then
        PROVIDER=$i
        return 0
      fi
      [[ ${pattern##*.} != "${host##*.}" || ${pattern#*.} != dkr* ]] || near=${near:-$pattern}
    done < <(printf '%s' "${PATTERNS[i]-}")
  done
  PROVIDER='' REPLY=$near
  return 1
}

PROVIDER=''
