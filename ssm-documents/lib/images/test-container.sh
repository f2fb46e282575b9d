# Proves that an image works: starts a container of it and removes it again.
#@ use node/containerd
#@ use base/failures
# shellcheck shell=bash

readonly TEST_CONTAINER=fleetmend-verify
TEST_CONTAINER_MADE=''
at_exit remove_made_container

# start_test_container: proves that a task of the image starts, as a sandbox would, in its own namespaces and without CNI,
# and removes it again.
start_test_container() {
  local id="$TEST_CONTAINER-$$-$RANDOM" name state='' error='' reason=SandboxStartFailed
  local arguments=(run --detach --null-io --snapshotter "$SNAPSHOTTER" --label fleetmend.verify=true)
  changing "starting the test container $id"
  TEST_CONTAINER_MADE=$id
  ctr_k8s 30 "${arguments[@]}" --cgroup "/fleetmend/$id" "$IMAGE" "$id"
  if [[ $ERR == *'flag provided but not defined'* ]]; then
    ctr_k8s 30 "${arguments[@]}" "$IMAGE" "$id"
  fi
  if ((RC == 0)); then
    ctr_k8s 10 tasks ls
    while read -r name _ state; do
      [[ $name != "$id" ]] || break
      state=''
    done < "$WORK/out"
  fi
  if [[ $state != RUNNING ]]; then
    if ((RC != 0)); then
      capture_error
      error=$REPLY
    fi
    case $error in
      *'exec format error'*) reason=SandboxImageWrongPlatform ;;
      *'no space left on device'*) reason=DiskFull ;;
    esac
    forget_failure
    note_failure "$reason" "$error" failedStep verify taskState "${state:-unknown}"
    finish_failed
  fi
  remove_made_container
}

# remove_made_container: removes the test container of this script, if there is one.
remove_made_container() {
  [[ -n $TEST_CONTAINER_MADE ]] || return 0
  remove_test_container "$TEST_CONTAINER_MADE"
  TEST_CONTAINER_MADE=''
}

# remove_test_container ID: removes the task, the container with its snapshot, and the cgroup.
remove_test_container() {
  local folder folders=()
  ctr_k8s 15 tasks rm --force "$1"
  ctr_k8s 15 containers rm "$1"
  # This also removes the container's snapshot. A snapshot can exist without a container.
  ((RC == 0)) || ctr_k8s 15 snapshots --snapshotter "$SNAPSHOTTER" rm "$1"
  for folder in /sys/fs/cgroup/fleetmend /sys/fs/cgroup/*/fleetmend; do
    [[ ! -d $folder ]] || folders+=("$folder")
  done
  ((${#folders[@]} == 0)) || rmdir -- "${folders[@]}" 2> /dev/null || true
}

# remove_leftovers: removes the test containers of a repair that was killed.
remove_leftovers() {
  local id leftovers=()
  ctr_k8s 15 containers ls --quiet 'labels."fleetmend.verify"==true'
  while read -r id; do
    [[ $id != "$TEST_CONTAINER"-* ]] || leftovers+=("$id")
  done < "$WORK/out"
  ((${#leftovers[@]} > 0)) || return 0
  for id in "${leftovers[@]}"; do
    changing "removing $id, left by an earlier run"
    remove_test_container "$id"
  done
}
