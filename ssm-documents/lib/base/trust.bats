#!/usr/bin/env bats
# Whether root may use a file.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/trust.sh"
}

# fake_stat: stat's answers for trusted_path come from FAKE_<last component>, so that the test needs no root.
fake_stat() {
  bounded() {
    local path name
    shift
    [ "$1" = stat ] || return 1
    shift 4
    for path; do
      name=${path##*/}
      name=FAKE_${name:-root}
      printf '%s |%s\n' "${!name:-0 755 directory}" "$path"
    done
  }
}

@test "trusts a file that root alone can write" {
  fake_stat
  FAKE_tar='0 644 regular file' trusted_path /etc/eks/tar
}

@test "trusts a file in a folder with the sticky bit" {
  fake_stat
  FAKE_eks='0 1777 directory' FAKE_tar='0 644 regular file' trusted_path /etc/eks/tar
}

@test "distrusts a file that other users can write, own or redirect" {
  fake_stat
  FAKE_tar='0 664 regular file' run ! trusted_path /etc/eks/tar
  FAKE_tar='0 646 regular file' run ! trusted_path /etc/eks/tar
  FAKE_tar='1000 644 regular file' run ! trusted_path /etc/eks/tar
  FAKE_tar='0 777 symbolic link' run ! trusted_path /etc/eks/tar
  FAKE_eks='0 775 directory' run ! trusted_path /etc/eks/tar
  FAKE_eks='1000 755 directory' run ! trusted_path /etc/eks/tar
  FAKE_eks='0 777 symbolic link' run ! trusted_path /etc/eks/tar
}

@test "reports why it distrusts a path" {
  fake_stat
  FAKE_tar='0 664 regular file'
  refute trusted_path /etc/eks/tar
  [ "$REPLY" = '/etc/eks/tar (mode 664)' ]
}

@test "reports that it could not read a path" {
  bounded() { return 1; }
  refute trusted_path /etc/eks/tar
  [ "$REPLY" = '/etc/eks/tar (missing)' ]
}
