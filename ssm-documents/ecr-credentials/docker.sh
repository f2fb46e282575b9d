# What Docker on the node knows of ECR: root's configuration, and amazon-ecr-credential-helper.
#@ use base/json
#@ use ecr/ecr
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# The file, and the JSON pointer of the entry in it, that a repair removes.
DOCKER_CONFIG='' STALE_PATH=''

# docker_fault FILE: what is wrong in Docker's FILE. `docker login` leaves a token that lasts 12 h; where it stays, it is
# used instead of the helper (amazon-ecr-credential-helper's README) and by cri-dockerd, which knows nothing else.
docker_fault() {
  local any='' helper helpers=' ' login='' code=0
  [[ -f $1 && -r $1 ]] || return 1
  each_value "$1" take_docker_value || code=$?
  if ((code == 1)); then
    found CredentialProviderInvalid '' "Docker's $1 is no valid JSON ($REPLY): Docker has none of its credentials."
    return
  fi
  for helper in $helpers; do
    helper=${helper##*=}
    command -v "docker-credential-$helper" > /dev/null && continue
    found DockerCredentialHelperMissing '' "$1 names a credential helper, but docker-credential-$helper is not on the PATH: Docker gets no credentials."
    return
  done
  [[ -n $login && (-n $any || $helpers == *" $login="*) ]] || return 1
  DOCKER_CONFIG=$1
  found DockerCredentialsStale logout "$1 has a login for $login in auths, which overrides its credential helper and ends after 12 h. Remove it: docker logout $login."
}

take_docker_value() {
  # A key may be a URL, and a pointer has ~1 for its slashes.
  local entry='^/auths/(https?:~1~1)?([^/~]+)(~1[^/]*)?/(auth|identitytoken)$'
  case $1 in
    /credsStore) any=$3 helpers+="$3 " ;;
    /credHelpers/*) [[ $2 != string ]] || helpers+="${1#/credHelpers/}=$3 " ;;
    *)
      [[ -n $3 && $1 =~ $entry ]] || return 0
      entry=${BASH_REMATCH[2]}
      ! parse_ecr_host "$entry" || login=$entry STALE_PATH=${1%/*}
      ;;
  esac
}
