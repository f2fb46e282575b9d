# What Docker on the node knows of ECR: root's configuration, and amazon-ecr-credential-helper.
#@ use json
#@ use ecr
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

# ECR's tokens last 12 h.
readonly LOGIN_SECONDS=43200

# The file, and the JSON pointer of the entry in it, that a repair removes.
DOCKER_CONFIG='' STALE_PATH=''

# docker_fault FILE: what is wrong in Docker's FILE. `docker login` leaves a token that lasts 12 h; where it stays, it is
# used instead of the helper (amazon-ecr-credential-helper's README) and by cri-dockerd, which knows nothing else.
docker_fault() {
  local any='' helper helpers=' ' login='' now code=0
  [[ -f $1 && -r $1 ]] || return 1
  each_value "$1" take_docker_value || code=$?
  if ((code == 1)); then
    found CredentialProviderInvalid '' "Docker's $1 is no valid JSON ($REPLY), so Docker has none of the credentials in it."
    return
  fi
  for helper in $helpers; do
    helper=${helper##*=}
    command -v "docker-credential-$helper" > /dev/null && continue
    found DockerCredentialHelperMissing '' "$1 names the credential helper $helper, but docker-credential-$helper is not on the PATH: Docker gets no credentials."
    return
  done
  [[ -n $login ]] || return 1
  DOCKER_CONFIG=$1
  if [[ -n $any || $helpers == *" $login="* ]]; then
    found DockerCredentialsStale logout "$1 has a login for $login in auths, which overrides its credential helper and ends after 12 h. Remove it: docker logout $login."
    return
  fi
  printf -v now '%(%s)T' -1
  capture 5 stat -L -c %Y -- "$1"
  ((now - ${OUT:-now} > LOGIN_SECONDS)) || return 1
  found DockerCredentialsStale '' "The login for $login in auths of $1 is older than the 12 h that it lasts, and no credential helper is set for that registry."
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
