#!/bin/sh
# Starts the warden in namespaces of its own under the lab's lock, and removes the lab's traces when it has ended.
# Usage: guard.sh LAB_ID LABS_FOLDER PROGRAM ARGUMENT...
lab=$1
labs=$2
shift 2
# Ctrl-C is for the lab's user: the warden ends when its user has ended.
trap '' HUP INT TERM

flock --nonblock --close "$labs/$lab.lock" \
  unshare --mount --net --uts --ipc --pid --fork --kill-child --mount-proc --propagation private "$@"
status=$?

# Killed processes leave their control groups a moment later.
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  for group in /sys/fs/cgroup/"$lab" /sys/fs/cgroup/*/"$lab"; do
    [ -d "$group" ] && find "$group" -depth -type d -exec rmdir {} + 2> /dev/null
  done
  left=no
  for group in /sys/fs/cgroup/"$lab" /sys/fs/cgroup/*/"$lab"; do
    [ -d "$group" ] && left=yes
  done
  [ "$left" = no ] && break
  sleep 0.1
done
rmdir "$labs/$lab" 2> /dev/null
[ "$left" = no ] && rm -f "$labs/$lab.lock"
exit "$status"
