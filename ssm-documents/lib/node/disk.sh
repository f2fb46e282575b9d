# Disk usage of the runtime's images (CONTAINERD_ROOT), and whether kubelet deleted images to free space.
#@ use node/kubelet
#@ use node/journal
# shellcheck shell=bash

DISK_PERCENT='' INODE_PERCENT=''

# read_disk: usage of the images' file system, with kubelet's formula: 100 - 100 * available / size.
read_disk() {
  local blocks available inodes inodes_free
  capture 5 stat --file-system --format='%b %a %c %d' "$CONTAINERD_ROOT"
  read -r blocks available inodes inodes_free < "$WORK/out" || return 0
  if [[ $blocks =~ ^[1-9][0-9]*$ && $available =~ ^[0-9]+$ ]]; then
    DISK_PERCENT=$((100 - available * 100 / blocks))
    evidence diskUsedPercent "$DISK_PERCENT"
    evidence imageFilesystem "$CONTAINERD_ROOT"
    ! disk_is_over_threshold || evidence diskOverThreshold true
  fi
  if [[ $inodes =~ ^[1-9][0-9]*$ && $inodes_free =~ ^[0-9]+$ ]]; then
    INODE_PERCENT=$((100 - inodes_free * 100 / inodes))
    # Reported only where few inodes are free.
    ((INODE_PERCENT < 90)) || evidence inodesUsedPercent "$INODE_PERCENT"
  fi
}

disk_is_over_threshold() {
  [[ -n $DISK_PERCENT ]] && ((DISK_PERCENT >= GC_HIGH_PERCENT))
}

# journal_shows_gc: whether kubelet deleted images to free space in the last day: because of disk usage, or by an eviction for disk
# pressure, which deletes all images that no container uses.
journal_shows_gc() {
  local output
  # The form with the time takes journalctl more than twice as long, so it is only asked where there is such a line.
  for output in cat short-iso; do
    newest_line 4 'image filesystem is over the high threshold|ttempting to delete unused images' "--output=$output" \
      --since=-24h --unit="${KUBELET_UNIT:-kubelet.service}" || return 1
  done
  evidence imageGCAt "${REPLY%% *}"
}
