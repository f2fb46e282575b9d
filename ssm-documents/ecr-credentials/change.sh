# What a repair changes on the disk: one line of a configuration, a link, a mode. Each is done at once or not at all, and can
# be taken back.
#@ use base/json
#@ use base/trust
#@ use base/failures
#@ use ./state
#@ sets PROVIDER
# shellcheck shell=bash disable=SC2034  # script.sh reads what is only set here

# The file that was replaced, and its old self beside it; what was made, a path a line.
CHANGED_FILE='' BACKUP='' MADE=''
CHANGE_WHY=''

# Where the AMIs have the provider, the newest first (facts of amazon-eks-ami: #1269 moved it).
readonly PROVIDER_FOLDERS=${FLEETMEND_PROVIDER_FOLDERS:-/etc/eks/image-credential-provider /etc/eks/ecr-credential-provider}

at_exit remove_half_file

# remove_half_file: of this run, or of one that was killed.
remove_half_file() {
  local file
  for file in "$CREDENTIAL_CONFIG" "$DOCKER_CONFIG"; do
    [[ -z $file ]] || rm -f -- "$file.fleetmend-new"
  done
}

# note_pending: writes down what is going to be changed, so that the next run can go on where this one is killed.
note_pending() {
  {
    printf 'reason=%s\nfile=%s\nbackup=%s\n' "$REASON_FOUND" "$CHANGED_FILE" "$BACKUP"
    printf '%s' "$MADE" | sed 's/^/made=/'
  } > "$PENDING.new" && mv -f -- "$PENDING.new" "$PENDING"
}

# read_pending: what note_pending wrote, for a repair that goes on after one that was killed.
read_pending() {
  local key value
  while IFS='=' read -r key value; do
    case $key in
      file) CHANGED_FILE=$value ;;
      backup) BACKUP=$value ;;
      made) MADE+=$value$'\n' ;;
    esac
  done < "$PENDING"
}

# replace_file FILE: FILE.fleetmend-new takes FILE's place; what was there stays as a hard link beside, so that no byte and no
# secret is copied.
replace_file() {
  CHANGED_FILE=$1
  BACKUP="$1.fleetmend-$(date -u +%Y%m%dT%H%M%SZ)-$$"
  note_pending && capture 20 sync -- "$1.fleetmend-new" && changing "replacing $1, which stays as $BACKUP" \
    && ln -- "$1" "$BACKUP" && mv -f -- "$1.fleetmend-new" "$1"
}

# begin_file FILE: FILE.fleetmend-new, a copy with FILE's owner, mode and labels.
begin_file() {
  if ! trusted_path "$1"; then
    CHANGE_WHY="$1 is left alone: $REPLY"
    return 1
  fi
  rm -f -- "$1.fleetmend-new"
  cp --archive -- "$1" "$1.fleetmend-new"
}

# add_pattern: the pattern that is missing becomes the first of the ECR provider's matchImages; all else stays to the byte.
add_pattern() {
  local file text rest head space i wanted at start end column
  file=$(readlink -f -- "$CREDENTIAL_CONFIG") || return 1
  pattern_for "$REGISTRY" "$ECR_REGION"
  wanted=$REPLY PROVIDER=''
  for i in "${!NAMES[@]}"; do
    [[ ${NAMES[i]} != *ecr* && ${#NAMES[@]} != 1 ]] || PROVIDER=${PROVIDER:-$i}
  done
  if [[ -z $PROVIDER ]]; then
    CHANGE_WHY="no provider in $file is named after ECR"
    return 1
  fi
  at=/providers/$PROVIDER/matchImages/0
  REPLY=$("${CONFIG_FORMAT}_run" "$file" "$at" 2> /dev/null) || return 1
  read -r start end column < <(printf '%s\n' "$REPLY") || true
  [[ $start =~ ^[0-9]+$ && $end =~ ^[0-9]+$ ]] || return 1
  begin_file "$file" || return 1
  slurp "$file"
  text=$REPLY
  if [[ $CONFIG_FORMAT == json ]]; then
    # As far from its bracket as the one before which it goes.
    head=${text:0:start-1} rest=${text:start-1}
    space=${head##*[!$' \t\r\n']}
    printf '%s"%s",%s%s' "$head" "$wanted" "$space" "$rest"
  else
    printf -v space '%*s' "$end" ''
    head=''
    for ((i = 1; i < start; i++)); do
      head+=${text%%$'\n'*}$'\n'
      text=${text#*$'\n'}
    done
    printf '%s%s- "%s"\n%s' "$head" "$space" "$wanted" "$text"
  fi > "$file.fleetmend-new" || return 1
  # Never put a file in place that kubelet would refuse.
  if ! read_config "$file.fleetmend-new" || config_is_refused || ! find_provider "$REGISTRY/eks/pause"; then
    CHANGE_WHY="the changed $file would not be right"
    return 1
  fi
  replace_file "$file"
}

# copy_of NAME...: a trusted file of one of these names in the folders of the AMIs, in REPLY.
copy_of() {
  local folder name path
  for folder in $PROVIDER_FOLDERS; do
    for name in "$@"; do
      [[ -f $folder/$name ]] || continue
      path=$(readlink -f -- "$folder/$name") || continue
      if trusted_path "$path"; then
        REPLY=$path
        return 0
      fi
      CHANGE_WHY="$folder/$name is not used: $REPLY"
    done
  done
  return 1
}

# link PATH TARGET: a link at PATH, where nothing is. What is made is noted before.
link() {
  [[ ! -e $1 && ! -L $1 ]] || return 1
  MADE+=$1$'\n'
  note_pending && changing "linking $1 to $2" && ln -s -- "$2" "$1"
}

# add_links: kubelet's flags name a folder or a file that is not there, and the AMIs' other folder has it.
add_links() {
  local folder=$CREDENTIAL_BIN_DIR file=$CREDENTIAL_CONFIG config program name=ecr-credential-provider
  if [[ -f $file ]]; then
    config=$file
  elif copy_of config.json ecr-credential-provider-config; then
    config=$REPLY
  else
    CHANGE_WHY=${CHANGE_WHY:-"there is no other configuration in $PROVIDER_FOLDERS"}
    return 1
  fi
  if ! read_config "$config" || config_is_refused; then
    CHANGE_WHY="$config is not valid: $REPLY"
    return 1
  fi
  if ((${#NAMES[@]} != 1)); then
    CHANGE_WHY="$config has several providers"
    return 1
  fi
  name=${NAMES[0]}
  if [[ ! -f $folder/$name ]]; then
    if ! copy_of "$name"; then
      CHANGE_WHY=${CHANGE_WHY:-"there is no other $name in $PROVIDER_FOLDERS"}
      return 1
    fi
    program=$REPLY
    if [[ ! -d $folder ]]; then
      if [[ -L $folder || ! -d ${folder%/*} ]] || ! trusted_path "${folder%/*}"; then
        CHANGE_WHY="$folder cannot be made: ${REPLY:-its place is not there}"
        return 1
      fi
      MADE+=$folder$'\n'
      note_pending && changing "making $folder" && mkdir -m 755 -- "$folder" || return 1
    fi
    link "$folder/$name" "$program" || return 1
  fi
  [[ -f $file ]] || link "$file" "$config"
}

# add_mode: the provider's program may be executed again.
add_mode() {
  local program
  program=$(readlink -f -- "$CREDENTIAL_BIN_DIR/${NAMES[PROVIDER]}") || return 1
  if ! trusted_path "$program"; then
    CHANGE_WHY="$program is left alone: $REPLY"
    return 1
  fi
  note_pending && changing "making $program executable" && chmod a+x -- "$program"
}

# remove_login: the one entry of `auths`, as `docker logout` would, and its comma.
remove_login() {
  local file from end size rest
  file=$(readlink -f -- "$DOCKER_CONFIG") || return 1
  json_span "$file" "$STALE_PATH" || return 1
  read -r from rest end < <(printf '%s\n' "$REPLY") || true
  begin_file "$file" || return 1
  size=$(stat -c %s -- "$file") || return 1
  # The text holds secrets: it is in this shell's memory and in the file alone.
  slurp "$file"
  rest=${REPLY:end} REPLY=${REPLY:0:from-1}
  if [[ $rest =~ ^[[:space:]]*,[[:space:]]* ]]; then
    rest=${rest:${#BASH_REMATCH[0]}}
  else
    REPLY=${REPLY%"${REPLY##*[![:space:]]}"}
    REPLY=${REPLY%,}
  fi
  printf '%s%s' "$REPLY" "$rest" > "$file.fleetmend-new" || return 1
  ((size > from)) && json_valid "$file.fleetmend-new" || return 1
  replace_file "$file"
}

# take_back: the old file in its place again, and nothing that was made.
take_back() {
  local path
  log 'taking the changes back'
  if [[ -n $BACKUP && -f $BACKUP ]]; then
    mv -f -- "$BACKUP" "$CHANGED_FILE" || return 1
  fi
  while IFS= read -r path; do
    [[ ! -L $path ]] || rm -f -- "$path"
  done < <(printf '%s' "$MADE")
  while IFS= read -r path; do
    if [[ -d $path && ! -L $path ]]; then rmdir -- "$path" || true; fi
  done < <(printf '%s' "$MADE")
}
