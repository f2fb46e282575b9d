# The plugins' programs: are they there, may they be run, can this machine run them, do they speak the version?
#@ use ./config
# shellcheck shell=bash disable=SC2034,SC2086  # fault.sh reads what is set here; names of programs are split

# Names of programs, a space before each; and the paths of those that only lack the execute bit.
MISSING='' UNUSABLE='' LOCKED=''

# look_at_programs: every program that CONFIG needs, and loopback, which the runtime calls for every pod.
look_at_programs() {
  local program machine
  MISSING='' UNUSABLE='' LOCKED=''
  machine=$(uname -m)
  for program in $PROGRAMS $LOOPBACK; do
    # What is no plain name is left to the runtime.
    [[ $program =~ ^[A-Za-z0-9._-]+$ && "$MISSING$UNUSABLE " != *" $program "* ]] || continue
    if ! find_program "$program"; then
      MISSING+=" $program"
    elif ! fits_machine "$REPLY" "$machine"; then
      UNUSABLE+=" $program"
    elif [[ ! -x $REPLY && "$LOCKED " != *" $REPLY "* ]]; then
      LOCKED+=" $REPLY"
    fi
  done
}

# find_program NAME: its path in REPLY, found as the runtime finds it: the first regular file (libcni, FindInPath).
find_program() {
  local folder
  for folder in "${BIN_DIRS[@]}"; do
    REPLY=$folder/$1
    [[ ! -f $REPLY ]] || return 0
  done
  return 1
}

# fits_machine FILE MACHINE: whether the kernel can run it: a script, or ELF for this machine (bytes 18 and 19 of its head;
# both kinds of EKS node are little-endian). A 32-bit program may run; on a machine that is not known everything may.
fits_machine() {
  local byte i head=(0) wanted=''
  case $2 in
    x86_64) wanted=' 62 3 ' ;;
    aarch64) wanted=' 183 40 ' ;;
  esac
  for ((i = 0; i < 20; i++)); do
    # A zero byte ends a line here, so that it is read as an empty one.
    IFS= read -r -d '' -n 1 byte || break
    printf -v byte '%d' "'$byte"
    head[i]=$((byte & 255))
  done < "$1"
  [[ ${head[*]:0:2} != '35 33' ]] || return 0
  [[ ${head[*]:0:4} == '127 69 76 70' && ${#head[@]} == 20 ]] || return 1
  [[ -n $wanted && $wanted != *" $((head[18] + 256 * head[19])) "* ]] || return 0
  # With an emulator that the kernel knows, it runs all the same.
  compgen -G '/proc/sys/fs/binfmt_misc/qemu-*' > /dev/null
}

# supports_version: whether the plugins speak CNI_VERSION. Every plugin of the last years speaks the old ones, so only
# another version costs running them, as the runtime would (CNI specification, VERSION). The one that does not is in REPLY.
supports_version() {
  local program
  [[ ! $CNI_VERSION =~ ^(0\.[1-4]\.0|0\.3\.1|1\.0\.0)$ ]] || return 0
  if [[ -z $CNI_VERSION ]]; then
    # containerd takes it for 0.1.0; Docker's runtimes refuse it.
    REPLY=Docker
    [[ $ON_DOCKER == false ]]
    return
  fi
  for program in $TYPES; do
    find_program "$program" || continue
    capture 5 env CNI_COMMAND=VERSION "$REPLY" < /dev/null
    REPLY=$program
    [[ $OUT != *'"supportedVersions"'* || $OUT == *"\"$CNI_VERSION\""* ]] || return 1
  done
}
