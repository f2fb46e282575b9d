#!/usr/bin/env bats
# Restoring the sandbox image in Docker.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  export FLEETMEND_NET_UNIX=$BATS_TEST_TMPDIR/unix FLEETMEND_SYSTEMD_DIR=$BATS_TEST_TMPDIR/systemd FLEETMEND_DAEMON_JSON=$BATS_TEST_TMPDIR/daemon.json
  : > "$FLEETMEND_NET_UNIX"
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/docker-image.sh"
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

@test "finds the reason in dockerd's error text" {
  while IFS='|' read -r reason words; do
    pull_failure_reason "Error response from daemon: $words" 1
    [ "$REPLY" = "$reason" ]
  done < <(printf '%s\n' 'RegistryDenied|Head "https://x/v2/eks/pause/manifests/3.5": no basic auth credentials' \
    'RegistryDenied|denied: Your authorization token has expired. Reauthenticate and try again.' \
    'RegistryDenied|Head "https://x/v2/eks/pause/manifests/3.5": unauthorized' \
    'RegistryImageNotFound|manifest for x/eks/pause:3.5 not found: manifest unknown: manifest unknown' \
    'RegistryImageNotFound|repository x not found: name unknown: The repository does not exist' \
    'RegistryCertificate|Get "https://x/v2/": x509: certificate signed by unknown authority' \
    'RegistryUnreachable|Get "https://x/v2/": dial tcp: lookup x: no such host' \
    'RegistryUnreachable|Get "https://x/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)' \
    'SandboxImageWrongPlatform|no matching manifest for linux/arm64 in the manifest list entries' \
    'DiskFull|write /var/lib/docker/tmp/GetImageBlob1: no space left on device' 'SandboxImagePullFailed|something else')
}

@test "tags only from EKS registries, and for this platform" {
  IMAGE=$WANTED
  read_platform() { REPLY=amd64; }
  docker_has() { OUT='"Architecture": "amd64", "Os": "linux"'; }
  docker_do() {
    RC=0
    if [[ $2 == tag ]]; then
      tagged=$3
      return
    fi
    printf '%s\n' 'REPOSITORY TAG IMAGE ID' 'evil.example/eks/pause 3.5 sha256:1' "$ROW" > "$WORK/out"
  }
  for ROW in '961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause 3.5 sha256:2' \
    '961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause:3.5 sha256:2'; do
    tagged=''
    image_by_tag
    [ "$tagged" = 961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause:3.5 ]
  done
  docker_has() { OUT='"Architecture": "arm64", "Os": "linux"'; }
  refute image_by_tag
}

@test "gives the token to docker in a file without a name, and to nothing else" {
  IMAGE=$WANTED DOCKER_ENDPOINT=unix:///x TOKEN=c2VjcmV0
  get_token() { true; }
  pull_image() {
    slurp "$1/config.json"
    found=$REPLY
    [ ! -e "$WORK/nameless" ]
  }
  image_by_ecr
  [[ $found == *'"auth":"'$(printf AWS:c2VjcmV0 | base64 -w0)'"'* ]]
  [ -z "$TOKEN" ]
}

@test "pulls nothing from ECR without a login, and never an image that is only local" {
  pull_image() { pulled=yes; }
  pulled=no
  for IMAGE in "$WANTED" localhost/kubernetes/pause:latest; do refute image_by_pull; done
  [ "$pulled" = no ]
  IMAGE=registry.k8s.io/pause:3.10
  image_by_pull
  [ "$pulled" = yes ]
}

@test "reports the step, the image and the last error of a failed pull" {
  IMAGE=$WANTED RC=1 ERR=$'Pulling\nError response from daemon: denied'
  note_failed_pull pull "$WANTED" 2> /dev/null
  [ "$FAILURE_REASON $FAILURE_DETAIL ${FAILURE_FACTS[*]}" = "RegistryDenied Error response from daemon: denied failedStep pull fetched $WANTED" ]
}

@test "ends with the error of a test container that does not start, and removes it" {
  IMAGE=$WANTED
  docker_do() {
    RC=0 ERR=''
    [[ $2 != start ]] || RC=1 ERR='exec /pause: exec format error'
    [[ $2 != rm ]] || echo removed
  }
  finish() {
    printf '%s|%s\n' "$*" "$EVIDENCE"
    exit 0
  }
  run -0 start_test_container
  [[ $output == *removed* ]]
  [ "${lines[-1]}" = 'NotRepaired SandboxImageWrongPlatform exec /pause: exec format error|"failedStep":"verify"' ]
}

@test "removes a test container by its name, and none that has only the label of its image" {
  DOCKER_STATE=answers removed='' asked=''
  ours=$(printf '%064d' 1) other=$(printf '%064d' 2)
  docker_do() {
    RC=0 OUT=''
    case $2 in
      ps) asked=$* OUT=$ours$'\n'$other$'\n' ;;
      container)
        [[ $4 != "$ours" ]] || OUT='[{"Name": "/fleetmend-verify-11-22"}]'
        [[ $4 != "$other" ]] || OUT='[{"Name": "/k8s_app_web_team_1_0", "Labels": {"x": "\"Name\": \"/fleetmend-verify-11-22\""}}]'
        ;;
      rm) removed+="${*: -1} " ;;
    esac
  }
  remove_leftovers
  [ "$removed" = "$ours " ]
  [[ $asked == *'--filter name=fleetmend-verify-'* ]]
}
