# What Docker on the node knows of ECR: root's configuration, and amazon-ecr-credential-helper.
#@ use base/json
#@ use ecr/ecr
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# The file, and the JSON pointer of the entry in it, that a repair removes.
DOCKER_CONFIG='' STALE_PATH=''
# What the values of a file say: the helper for all registries, each helper (those of one registry as REGISTRY=HELPER), and
# the last ECR registry that has a login.
DOCKER_STORE='' DOCKER_HELPERS='' DOCKER_LOGIN=''

# docker_fault FILE: what is wrong in Docker's FILE. `docker login` leaves a token that lasts 12 h; where it stays, it is
# used instead of the helper (amazon-ecr-credential-helper's README) and by cri-dockerd, which knows nothing else.
docker_fault() {
  local helper code=0
  DOCKER_STORE='' DOCKER_HELPERS=' ' DOCKER_LOGIN=''
  [[ -f $1 && -r $1 ]] || return 1
  each_value "$1" take_docker_value || code=$?
  if ((code == 1)); then
    found CredentialProviderInvalid '' "Docker's $1 is no valid JSON ($REPLY): Docker has none of its credentials."
    return
  fi
  for helper in $DOCKER_HELPERS; do
    helper=${helper##*=}
    command -v "docker-credential-$helper" > /dev/null && continue
    found DockerCredentialHelperMissing '' "$1 names a credential helper, but docker-credential-$helper is not on the PATH: Docker gets no credentials."
    return
  done
  [[ -n $DOCKER_LOGIN && (-n $DOCKER_STORE || $DOCKER_HELPERS == *" $DOCKER_LOGIN="*) ]] || return 1
  DOCKER_CONFIG=$1
  found DockerCredentialsStale logout "$1 has a login for $DOCKER_LOGIN in auths, which overrides its credential helper and ends after 12 h. Remove it: docker logout $DOCKER_LOGIN."
}

take_docker_value() {
  # A key may be a URL, and a pointer has ~1 for its slashes.
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
