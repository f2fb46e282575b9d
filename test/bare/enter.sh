#!/bin/sh
# Runs a command on the bare machine: its folder becomes "/", and it has mounts and processes of its own. The caller has
# made the namespaces (mount, pid, ipc, uts, cgroup).
# Usage: enter.sh ROOT USER NAME=VALUE... COMMAND...
set -o errexit -o nounset
root=$1
user=$2
shift 2

# Mounts that the command makes stay in this namespace.
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
for name in null zero full random urandom tty; do
  : > "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

# The same hierarchies of control groups as outside; in this cgroup namespace their root is the machine's own group.
while read -r _ folder type options _; do
  case $folder:$type in
    /sys/fs/cgroup:tmpfs) mount -t tmpfs -o mode=0755 tmpfs "$root/sys/fs/cgroup" ;;
    /sys/fs/cgroup*:cgroup2)
      mkdir -p "$root$folder"
      mount -t cgroup2 cgroup2 "$root$folder"
      ;;
    /sys/fs/cgroup*:cgroup)
      mkdir -p "$root$folder"
      # Without the options that every mount has, the rest names the controllers, or the hierarchy without any.
      controllers=$(printf '%s\n' "$options" | tr ',' '\n' | grep --invert-match --extended-regexp '^(rw|ro|nosuid|nodev|noexec|relatime)$' | paste --serial --delimiters=,)
      case $controllers in
        name=*) controllers="none,$controllers" ;;
      esac
      mount -t cgroup -o "$controllers" cgroup "$root$folder"
      ;;
  esac
done < /proc/self/mounts

cd "$root"
pivot_root . .
umount --lazy .
cd /
hostname bare
# This shell stays process 1, and waits: an orphan that nobody waits for remains a zombie, and a process namespace with
# a zombie in it never ends.
status=0
env --ignore-environment setpriv --reuid="$user" --regid="$user" --init-groups env "$@" || status=$?
exit "$status"
