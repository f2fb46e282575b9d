# Docker's credentials for ECR: root's configuration, and amazon-ecr-credential-helper.
#@ use base/json
#@ use ecr/ecr
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# The file with the entry that a repair removes, and the entry's JSON pointer.
DOCKER_CONFIG='' STALE_PATH=''
# From the values of a file: the helper for all registries, each helper (those of one registry as REGISTRY=HELPER), and the
# last ECR registry with a stored login.
DOCKER_STORE='' DOCKER_HELPERS='' DOCKER_LOGIN=''

# docker_fault FILE: finds what is wrong in Docker's FILE. `docker login` stores a token that expires after 12 h. While it is
# stored, Docker uses it instead of the helper (README of amazon-ecr-credential-helper), and cri-dockerd uses nothing else.
docker_fault() {
  local helper code=0
  DOCKER_STORE='' DOCKER_HELPERS=' ' DOCKER_LOGIN=''
  [[ -f $1 && -r $1 ]] || return 1
  each_value "$1" take_docker_value || code=$?
  if ((code == 1)); then
    found CredentialProviderInvalid '' "$REPLY" configProblem docker dockerConfig "$1"
    return
  fi
  for helper in $DOCKER_HELPERS; do
    helper=${helper##*=}
    command -v "docker-credential-$helper" > /dev/null && continue
    found DockerCredentialHelperMissing '' '' dockerConfig "$1" credentialHelper "docker-credential-$helper"
    return
  done
  [[ -n $DOCKER_LOGIN && (-n $DOCKER_STORE || $DOCKER_HELPERS == *" $DOCKER_LOGIN="*) ]] || return 1
  DOCKER_CONFIG=$1
  found DockerCredentialsStale logout '' dockerConfig "$1" storedLogin "$DOCKER_LOGIN"
}

take_docker_value() {
  # A key may be a URL; a JSON pointer writes its slashes as ~1.
  local entry='^/auths/(https?:~1~1)?([^/~]+)(~1[^/]*)?/(auth|identitytoken)$'
  case $1 in
    /credsStore) DOCKER_STORE=$3 DOCKER_HELPERS+="$3 " ;;
    /credHelpers/*) [[ $2 != string ]] || DOCKER_HELPERS+="${1#/credHelpers/}=$3 " ;;
    *)
      [[ -n $3 && $1 =~ $entry ]] || return 0
      entry=${BASH_REMATCH[2]}
      ! parse_ecr_host "$entry" || DOCKER_LOGIN=$entry STALE_PATH=${1%/*}
      ;;
  esac
}
