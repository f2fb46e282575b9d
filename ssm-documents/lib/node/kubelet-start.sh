# What kubelet would read at its next start and has not read yet. It reads its files only when it starts: a kubelet that runs well
# may refuse what has been written since.
#@ use node/kubelet
# shellcheck shell=bash disable=SC2034,SC2206  # other parts read what is only set here; paths of units are split

# The start of the running kubelet, in hundredths of a second since 1970; empty where it is unknown.
KUBELET_STARTED=''

# read_kubelet_start: sets KUBELET_STARTED. The kernel counts from its own start, in hundredths too (USER_HZ).
read_kubelet_start() {
  local text uptime now ticks
  KUBELET_STARTED=''
  [[ -n $KUBELET_PID ]] && { read -r text < "/proc/$KUBELET_PID/stat" && read -r uptime _ < /proc/uptime; } 2> /dev/null || return 0
  # The name of the program, in brackets, may hold anything.
  ticks=(${text##*) })
  now=$(date +%s%2N)
  KUBELET_STARTED=$((now - 10#${uptime/./} + ticks[19]))
}

# has_read PATH: whether a file, a folder, or what a link names, has not changed since kubelet started. By the inode's own time,
# which no copy keeps. A file that is written just before the start may seem a little newer.
has_read() {
  local changed
  for changed in $(stat -c %.2Z -- "$1" 2> /dev/null) $(stat -L -c %.2Z -- "$1" 2> /dev/null); do
    ((${changed/./} <= KUBELET_STARTED + 20)) || return 1
  done
}

# unread_by_kubelet: the first of kubelet's and its unit's files that changed since kubelet started, in REPLY; 1 where there is
# none, or no kubelet that runs.
unread_by_kubelet() {
  local value paths unit=${KUBELET_UNIT:-kubelet.service}
  read_kubelet_start
  [[ -n $KUBELET_STARTED ]] || return 1
  value=$(readlink -- "/proc/$KUBELET_PID/exe") || return 1
  paths=("$KUBELET_CONFIG" "$KUBELET_CONFIG_DIR" "${KUBELET_CONFIG_DIR:-/nonexistent}"/*.conf
    {/etc,/run,/usr/lib}"/systemd/system/$unit.d")
  REPLY=${value% (deleted)}
  [[ $value == "$REPLY" ]] && has_read "$value" || return 0
  capture 5 systemctl show --property=FragmentPath,DropInPaths,EnvironmentFiles "$unit"
  while IFS='=' read -r _ value; do
    paths+=(${value% (*})
  done < "$WORK/out"
  for value in "${paths[@]}"; do
    REPLY=$value
    has_read "$value" || return 0
  done
  return 1
}
