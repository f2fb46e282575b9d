#!/usr/bin/env bats
# The plugins' programs, as files in a folder.
# shellcheck disable=SC1091,SC2016,SC2059,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/plugins.sh"
  BIN=$BATS_TEST_TMPDIR/bin
  mkdir "$BIN"
  BIN_DIRS=("$BATS_TEST_TMPDIR/none" "$BIN")
  uname() { printf 'x86_64\n'; }
}

# elf NAME MACHINE: an executable file with the ELF header for that machine number (octal).
elf() {
  printf "\\177ELF\\2\\1\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\2\\0\\$2\\0rest" > "$BIN/$1"
  chmod 755 "$BIN/$1"
}

@test "accepts programs that exist, scripts included" {
  elf bridge 076
  elf old-32-bit 3
  printf '#!/bin/sh\n' > "$BIN/script"
  chmod 755 "$BIN/script"
  ln -s bridge "$BIN/loopback"
  PROGRAMS=' bridge old-32-bit script '
  look_at_programs
  [ -z "$MISSING$UNUSABLE$LOCKED" ]
}

@test "names each program once that is missing, a dangling link or a folder" {
  ln -s gone "$BIN/portmap"
  mkdir "$BIN/bandwidth"
  elf loopback 076
  PROGRAMS=' aws-cni portmap bandwidth aws-cni '
  look_at_programs
  [ "$MISSING" = ' aws-cni portmap bandwidth' ]
}

@test "requires no loopback where containerd does not need it" {
  LOOPBACK=''
  look_at_programs
  [ -z "$MISSING" ]
}

@test "finds what this machine cannot run" {
  elf loopback 076
  elf arm 267
  : > "$BIN/empty"
  printf '\177ELF\2' > "$BIN/cut"
  printf '<html>502</html>\n' > "$BIN/page"
  chmod 755 "$BIN"/*
  PROGRAMS=' arm empty cut page '
  look_at_programs
  [ "$UNUSABLE" = ' arm empty cut page' ]
  uname() { printf 'aarch64\n'; }
  PROGRAMS=' arm '
  look_at_programs
  [ "$UNUSABLE" = ' loopback' ]
  uname() { printf 'riscv64\n'; }
  look_at_programs
  [ -z "$UNUSABLE" ]
}

@test "distinguishes a program that only lacks the execute bit from one that cannot run" {
  elf loopback 076
  elf portmap 076
  elf arm 267
  chmod a-x "$BIN/portmap" "$BIN/arm"
  PROGRAMS=' portmap arm '
  look_at_programs
  [ "$LOCKED$UNUSABLE" = " $BIN/portmap arm" ]
}

@test "ignores a type that is no plain file name" {
  elf loopback 076
  PROGRAMS=' ../sh $(id) '
  look_at_programs
  [ -z "$MISSING$UNUSABLE" ]
}

# plugin NAME ANSWER: a plugin that responds to VERSION only.
plugin() {
  printf '#!/bin/bash\n[[ $CNI_COMMAND == VERSION ]] && read -r -d "" conf || printf %%s %q\n' "$2" > "$BIN/$1"
  chmod 755 "$BIN/$1"
}

@test "runs the plugins for a version that not all of them support" {
  PROGRAMS=' bridge portmap '
  plugin bridge '{"cniVersion":"1.1.0","supportedVersions":["0.4.0","1.0.0","1.1.0"]}'
  plugin portmap '{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]}'
  for CNI_VERSION in 0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0; do supports_version; done
  CNI_VERSION=1.1.0
  refute supports_version
  [ "$REPLY" = portmap ]
  plugin portmap 'no JSON'
  supports_version
  plugin portmap '{"cniVersion":"0.4.0","supportedVersions":["0.3.1","0.4.0"]}'
  CNI_VERSION=1.0.0
  refute supports_version
}

@test "reports a plugin that cannot load its libraries" {
  PROGRAMS=' bridge ' CNI_VERSION=1.0.0 LOOPBACK=''
  printf '#!/bin/bash\necho "bridge: /lib64/libc.so.6: version GLIBC_2.34 not found" >&2; exit 1\n' > "$BIN/bridge"
  chmod 755 "$BIN/bridge"
  supports_version
  look_at_programs
  [ "$UNUSABLE" = ' bridge' ]
}

@test "reports a missing version as a fault on Docker only" {
  CNI_VERSION=''
  supports_version
  ON_DOCKER=true
  refute supports_version
}
