# The plugins' programs: whether they exist, are executable, fit this machine, and support the version.
#@ use ./config
# shellcheck shell=bash disable=SC2034,SC2086  # fault.sh reads what is set here; names of programs are split

# Names of programs, a space before each; and the paths of those that only lack the execute bit.
MISSING='' UNUSABLE='' LOCKED=''
# Those that cannot load their libraries, a space before and behind each.
UNLOADABLE=' '

# look_at_programs: checks every program that CONFIG needs, and loopback, which the runtime calls for every pod.
look_at_programs() {
  local program machine
  MISSING='' UNUSABLE='' LOCKED=''
  machine=$(uname -m)
  for program in $PROGRAMS $LOOPBACK; do
    # The runtime handles every other name.
    [[ $program =~ ^[A-Za-z0-9._-]+$ && "$MISSING$UNUSABLE " != *" $program "* ]] || continue
    if ! find_program "$program"; then
      MISSING+=" $program"
    elif [[ $UNLOADABLE == *" $program "* ]] || ! fits_machine "$REPLY" "$machine"; then
      UNUSABLE+=" $program"
    elif [[ ! -x $REPLY && "$LOCKED " != *" $REPLY "* ]]; then
      LOCKED+=" $REPLY"
    fi
  done
}

# find_program NAME: its path in REPLY. Like the runtime, it takes the first regular file (libcni, FindInPath).
find_program() {
  local folder
  for folder in "${BIN_DIRS[@]}"; do
    REPLY=$folder/$1
    [[ ! -f $REPLY ]] || return 0
  done
  return 1
}

# fits_machine FILE MACHINE: whether the kernel can run it: a script, or ELF for this machine (bytes 18 and 19 of its
# header; both architectures of EKS nodes are little-endian). It accepts 32-bit programs, and every program on an unknown
# architecture.
fits_machine() {
  local byte i head=(0) wanted=''
  case $2 in
    x86_64) wanted=' 62 3 ' ;;
    aarch64) wanted=' 183 40 ' ;;
  esac
  for ((i = 0; i < 20; i++)); do
    # A zero byte ends a line here, so that `read` returns it as an empty line.
    IFS= read -r -d '' -n 1 byte || break
    printf -v byte '%d' "'$byte"
    head[i]=$((byte & 255))
  done < "$1"
  [[ ${head[*]:0:2} != '35 33' ]] || return 0
  [[ ${head[*]:0:4} == '127 69 76 70' && ${#head[@]} == 20 ]] || return 1
  [[ -n $wanted && $wanted != *" $((head[18] + 256 * head[19])) "* ]] || return 0
  # If an emulator is registered with the kernel, the program runs.
  compgen -G '/proc/sys/fs/binfmt_misc/qemu-*' > /dev/null
}

# supports_version: whether the plugins support CNI_VERSION. All plugins since 2017 support versions up to 0.3.1. For any other
# version it runs the plugins as the runtime does (CNI specification, VERSION), and notes those that cannot load their libraries.
# A plugin that does not support it is in REPLY.
supports_version() {
  local program
  UNLOADABLE=' '
  [[ ! $CNI_VERSION =~ ^(0\.[1-3]\.0|0\.3\.1)$ ]] || return 0
  if [[ -z $CNI_VERSION ]]; then
    # containerd treats it as 0.1.0; Docker's runtimes reject it.
    REPLY=Docker
    [[ $ON_DOCKER == false ]]
    return
  fi
  for program in $PROGRAMS; do
    find_program "$program" || continue
    [[ -x $REPLY ]] || continue
    capture 5 env CNI_COMMAND=VERSION "$REPLY" < /dev/null
    REPLY=$program
    if ((RC == 1 || RC == 127)) && [[ $ERR == *'GLIBC_'* || $ERR == *'loading shared libraries'* ]]; then
      UNLOADABLE+="$program "
    fi
    [[ $OUT != *'"supportedVersions"'* || $OUT == *"\"$CNI_VERSION\""* ]] || return 1
  done
}
