# Restores the sandbox image in Docker: from the name of another EKS registry, with an ECR token, or without a login.
#@ use ecr/ecr
#@ use ecr/aws-cli
#@ use base/trust
#@ use base/failures
#@ use ./state
#@ sets CONTAINERD_PID TOKEN
# shellcheck shell=bash disable=SC2034,SC2153  # the prelude prints METHOD

readonly DOCKER_TEST_CONTAINER=fleetmend-verify TEST_LABEL=fleetmend.verify=true
readonly ROOT_LOGIN=${FLEETMEND_ROOT_LOGIN:-/root/.docker}
readonly PULL_SECONDS=100
# The least time that a pull and the test container take.
readonly METHOD_SECONDS=20
DOCKER_TEST_CONTAINER_MADE=''
at_exit remove_test_container

# repair_SandboxImageMissing: tries the methods, the cheapest first, until Docker has the image.
repair_SandboxImageMissing() {
  local method
  [[ $DOCKER_STATE == answers ]] || return 1
  # with_network uses the proxy of this process: Docker pulls the image.
  CONTAINERD_PID=${UNIT["$DOCKER MainPID"]-}
  for method in tag ecr pull login; do
    if ((SECONDS > BUDGET_SECONDS - METHOD_SECONDS)); then
      log "skipping the method $method: no time is left"
      break
    fi
    log "trying the method $method"
    if "image_by_$method" && docker_has "$IMAGE"; then
      METHOD=${METHOD:-$method}
      start_test_container
      return
    fi
  done
  keep_failure NoLocalCopy
  return 1
}

docker_has() {
  docker_do 10 image inspect "$1"
  ((RC == 0))
}

# image_by_tag: the same image under the name of another EKS registry.
image_by_tag() {
  local first second name platform
  read_platform
  platform=$REPLY
  docker_do 15 images --no-trunc
  cp -- "$WORK/out" "$WORK/images"
  while read -r first second _; do
    # Docker 29 shows repository and tag as one word.
    name=$first
    [[ ${first##*/} == *:* ]] || name=$first:$second
    if ! trusted_source "$name" "$IMAGE" || ! docker_has "$name"; then
      continue
    fi
    [[ $OUT == *"\"Architecture\": \"$platform\""* && $OUT == *'"Os": "linux"'* ]] || continue
    changing "tagging $name as $IMAGE"
    docker_do 20 tag "$name" "$IMAGE"
    if ((RC == 0)); then
      evidence taggedFrom "$name"
      return 0
    fi
    note_failed_pull tag "$name"
  done < "$WORK/images"
  return 1
}

# image_by_ecr: pulls the image from its own private registry. The login reaches docker in a file without a name: the file is
# unlinked while it is still empty, and config.json is a link to its open descriptor. So the token is in no argument list, in
# no environment and in no file that can outlive the script, whenever it is killed. `docker login`, which writes it to a file,
# is not used.
image_by_ecr() {
  local host=${IMAGE%%/*} login code=0
  parse_ecr_host "$host" || return 1
  evidence ecrRegion "$ECR_REGION"
  get_token ask_aws_cli aws || return 1
  login=$(printf 'AWS:%s' "$TOKEN" | base64 -w0)
  TOKEN=''
  if open_nameless_login && printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$host" "$login" >&8; then
    pull_image "$WORK/login" || code=1
  else
    code=1
    note_failure ScriptFailed '' unwritable "$RUN_DIR"
  fi
  login=''
  exec 8>&-
  return "$code"
}

open_nameless_login() {
  mkdir -p -- "$WORK/login" && ln -sf /proc/self/fd/8 "$WORK/login/config.json" && exec 8<> "$WORK/nameless" && rm -f -- "$WORK/nameless"
}

# image_by_pull: pulls from a registry that requires no ECR token.
image_by_pull() {
  parse_ecr_host "${IMAGE%%/*}" && return 1
  [[ $IMAGE != localhost/* ]] || return 1
  pull_image "$WORK/docker"
}

# image_by_login: pulls with root's logins or credential helpers.
image_by_login() {
  [[ $IMAGE != localhost/* && -e $ROOT_LOGIN/config.json ]] || return 1
  if ! trusted_path "$ROOT_LOGIN/config.json"; then
    log "skipping root's login: $REPLY is not root's alone"
    return 1
  fi
  pull_image "$ROOT_LOGIN"
}

# pull_image CONFIG: runs `docker pull` with the login in the folder CONFIG.
pull_image() {
  changing "pulling $IMAGE"
  RC=0
  (with_network bounded "$PULL_SECONDS" docker --host "$DOCKER_ENDPOINT" --config "$1" pull --quiet "$IMAGE") \
    > "$WORK/out" 2> "$WORK/err" || RC=$?
  slurp "$WORK/err"
  ERR=$REPLY
  ((RC != 0)) || return 0
  note_failed_pull pull "$IMAGE"
  return 1
}

# note_failed_pull STEP IMAGE: the failure of the last docker command, a pull or a tag of IMAGE.
note_failed_pull() {
  local reason
  pull_failure_reason "$ERR" "$RC"
  reason=$REPLY
  capture_error
  note_failure "$reason" "$REPLY" failedStep "$1" fetched "$2"
}

# pull_failure_reason TEXT CODE: the reason that dockerd's error text shows, in REPLY.
pull_failure_reason() {
  case $1 in
    *'no space left on device'*) REPLY=DiskFull ;;
    *'no matching manifest'* | *'does not match the specified platform'*) REPLY=SandboxImageWrongPlatform ;;
    *'manifest unknown'* | *'name unknown'*) REPLY=RegistryImageNotFound ;;
    *x509:* | *'failed to verify certificate'*) REPLY=RegistryCertificate ;;
    *'authorization token has expired'* | *'denied'* | *'403 Forbidden'* | *'400 Bad Request'* | *nauthorized* | \
      *'no basic auth credentials'*) REPLY=RegistryDenied ;;
    *'Cannot connect to the Docker daemon'*) REPLY=DockerDown ;;
    *'Service Unavailable'* | *'Bad Gateway'* | *'Gateway Time'* | *oomanyrequests* | *'Too Many Requests'*)
      REPLY=RegistryUnreachable
      ;;
    *)
      network_error "$1" "$2"
      REPLY=${REPLY:+RegistryUnreachable}
      REPLY=${REPLY:-SandboxImagePullFailed}
      ;;
  esac
}

# start_test_container: proves that a container of the image starts, and removes it; ends the repair where it does not.
start_test_container() {
  local error='' reason=SandboxStartFailed
  DOCKER_TEST_CONTAINER_MADE="$DOCKER_TEST_CONTAINER-$$-$RANDOM"
  changing "starting the test container $DOCKER_TEST_CONTAINER_MADE"
  docker_do 20 create --name "$DOCKER_TEST_CONTAINER_MADE" --label "$TEST_LABEL" --network none "$IMAGE"
  ((RC != 0)) || docker_do 30 start "$DOCKER_TEST_CONTAINER_MADE"
  ((RC != 0)) || docker_do 10 container inspect "$DOCKER_TEST_CONTAINER_MADE"
  if ((RC == 0)) && [[ $OUT == *'"Status": "running"'* ]]; then
    remove_test_container
    return 0
  fi
  if ((RC != 0)); then
    capture_error
    error=$REPLY
  fi
  case $error in
    *'exec format error'*) reason=SandboxImageWrongPlatform ;;
    *[Nn]'o space left on device'*) reason=DiskFull ;;
  esac
  note_failure "$reason" "$error" failedStep verify
  remove_test_container
  finish_failed
}

remove_test_container() {
  [[ -n $DOCKER_TEST_CONTAINER_MADE ]] || return 0
  docker_do 20 rm --force "$DOCKER_TEST_CONTAINER_MADE"
  DOCKER_TEST_CONTAINER_MADE=''
}

# remove_leftovers: removes the test containers of a repair that was killed. The label alone proves nothing: Docker gives a
# container the labels of its image. The name is none that kubelet gives.
remove_leftovers() {
  local id ids
  [[ $DOCKER_STATE == answers ]] || return 0
  docker_do 10 ps --all --quiet --no-trunc --filter "label=$TEST_LABEL" --filter "name=$DOCKER_TEST_CONTAINER-"
  ids=$OUT
  while read -r id; do
    [[ $id =~ ^[0-9a-f]{64}$ ]] || continue
    docker_do 10 container inspect "$id"
    [[ $OUT =~ \"Name\":\ \"/$DOCKER_TEST_CONTAINER-[0-9]+-[0-9]+\" ]] || continue
    changing "removing the container $id, left by an earlier run"
    docker_do 20 rm --force "$id"
  done < <(printf '%s' "$ids")
}
