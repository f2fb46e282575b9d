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
  local path type value host code=0 any='' helper helpers='' login='' now
  [[ -f $1 && -r $1 ]] || return 1
  while IFS=$'\t' read -r path type value; do
    case $path in
      code) code=$type ;;
      /credsStore) any=$value helpers+="$value " ;;
      /credHelpers/*) [[ $type != string ]] || helpers+="${path#/credHelpers/}=$value " ;;
      /auths/*/auth | /auths/*/identitytoken)
        path=${path%/*}
        # A key may be a URL, and a pointer has ~1 for its slashes.
        host=${path##*:~1~1}
        host=${host#/auths/}
        host=${host%%~1*}
        if [[ -n $value ]] && parse_ecr_host "$host"; then
          login=$host STALE_PATH=$path
        fi
        ;;
    esac
  done < <(
    json_run "$1" '' 2> "$WORK/why" || code=$?
    printf 'code\t%s\n' "$code"
  )
  if ((code == 1)); then
    slurp "$WORK/why"
    found CredentialProviderInvalid '' "Docker's $1 is no valid JSON (${REPLY%%$'\n'*}), so Docker has none of the credentials in it."
    return
  fi
  for helper in $helpers; do
    helper=${helper##*=}
    command -v "docker-credential-$helper" > /dev/null && continue
    found DockerCredentialHelperMissing '' "$1 names the credential helper $helper, but docker-credential-$helper is not on the PATH ($PATH): Docker gets no credentials."
    return
  done
  [[ -n $login ]] || return 1
  DOCKER_CONFIG=$1
  if [[ -n $any || " $helpers" == *" $login="* ]]; then
    found DockerCredentialsStale logout "$1 has a login for $login in auths, which overrides its credential helper and ends after 12 h. Remove it: docker logout $login."
    return
  fi
  printf -v now '%(%s)T' -1
  capture 5 stat -L -c %Y -- "$1"
  [[ $OUT =~ ^[0-9]+ ]] && ((now - BASH_REMATCH[0] > LOGIN_SECONDS)) || return 1
  found DockerCredentialsStale '' "The login for $login in auths of $1 is older than the 12 h that it lasts, and no credential helper is set for that registry."
}
