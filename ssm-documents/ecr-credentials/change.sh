# The changes that a repair makes on disk: one line of a configuration, a link, a mode. Each is atomic and can be rolled back.
#@ use base/json
#@ use base/trust
#@ use base/failures
#@ use ./state
#@ sets PROVIDER
# shellcheck shell=bash disable=SC2034,SC2153  # script.sh reads what is only set here

# The file that was replaced, and its previous content; the paths that were created, one a line, the last one first.
CHANGED_FILE='' BACKUP='' MADE=''
# Why there is no change, as evidence: names and values in turn.
UNCHANGED_FACTS=(notChanged write-failed)

# The folders in which the AMIs have the provider, the newest first (https://github.com/awslabs/amazon-eks-ami/pull/1269).
readonly PROVIDER_FOLDERS=${FLEETMEND_PROVIDER_FOLDERS:-/etc/eks/image-credential-provider /etc/eks/ecr-credential-provider}

at_exit remove_half_file

# remove_half_file: removes an unfinished file of this run, or of one that was killed.
remove_half_file() {
  local file
  for file in "$CREDENTIAL_CONFIG" "$DOCKER_CONFIG"; do
    [[ -z $file ]] || rm -f -- "$file.fleetmend-new"
  done
}

# note_pending: records the change before it is made, so that the next run can continue if this one is killed.
note_pending() {
  {
    printf 'reason=%s\nfile=%s\nbackup=%s\n' "$REASON_FOUND" "$CHANGED_FILE" "$BACKUP"
    printf '%s' "$MADE" | sed 's/^/made=/'
  } > "$PENDING.new" && mv -f -- "$PENDING.new" "$PENDING"
}

# read_pending: reads what note_pending wrote, to continue a repair that was killed.
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

# replace_file FILE: FILE.fleetmend-new replaces FILE. The previous content stays as a hard link beside it, so that no secret
# is copied.
replace_file() {
  CHANGED_FILE=$1
  BACKUP="$1.fleetmend-$(date -u +%Y%m%dT%H%M%SZ)-$$"
  note_pending && capture 20 sync -- "$1.fleetmend-new" && changing "replacing $1, whose content stays in $BACKUP" \
    && ln -- "$1" "$BACKUP" && mv -f -- "$1.fleetmend-new" "$1"
}

# unchanged PROBLEM [NAME VALUE]...: notes why there is no change, and returns 1; a later problem replaces an earlier one.
unchanged() {
  UNCHANGED_FACTS=(notChanged "$@")
  return 1
}

# must_trust PATH: where others than root may change it, that is why there is no change.
must_trust() {
  trusted_path "$1" || unchanged untrusted untrusted "$REPLY"
}

# begin_file FILE: creates FILE.fleetmend-new, a copy with FILE's owner, mode and labels.
begin_file() {
  must_trust "$1" || return
  rm -f -- "$1.fleetmend-new"
  cp --archive -- "$1" "$1.fleetmend-new"
}

# add_pattern: makes the missing pattern the first of the ECR provider's matchImages, and changes no other byte.
add_pattern() {
  local file text rest head space i wanted at start end column
  file=$(readlink -f -- "$CREDENTIAL_CONFIG") || return 1
  pattern_for "$REGISTRY" "$ECR_REGION"
  wanted=$REPLY PROVIDER=''
  for i in "${!NAMES[@]}"; do
    # With tokenAttributes it would serve some pods alone.
    [[ -n ${TOKENS[i]-} || ${NAMES[i]} != *ecr* && ${#NAMES[@]} != 1 ]] || PROVIDER=${PROVIDER:-$i}
  done
  if [[ -z $PROVIDER ]]; then
    unchanged no-ecr-provider
    ((${#TOKENS[@]} == 0)) || unchanged service-account
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
    # With the whitespace that the pattern after it has before it.
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
  # Never install a file that kubelet refuses.
  if ! read_config "$file.fleetmend-new" || config_is_refused || ! find_provider "$REGISTRY/eks/pause"; then
    unchanged changed-file-refused
    return
  fi
  replace_file "$file"
}

# copy_of NAME...: a trusted file with one of these names in the folders of the AMIs, in REPLY; 1 where there is none.
copy_of() {
  local folder name path
  for folder in $PROVIDER_FOLDERS; do
    for name in "$@"; do
      [[ -f $folder/$name ]] || continue
      path=$(readlink -f -- "$folder/$name") || continue
      if must_trust "$path"; then
        REPLY=$path
        return 0
      fi
    done
  done
  [[ ${UNCHANGED_FACTS[1]} != write-failed ]] || unchanged no-copy searchedFolders "$PROVIDER_FOLDERS"
  return 1
}

# link PATH TARGET: creates a link at PATH, where nothing exists. It is noted before it is created.
link() {
  [[ ! -e $1 && ! -L $1 ]] || return 1
  MADE=$1$'\n'$MADE
  note_pending && changing "linking $1 to $2" && ln -s -- "$2" "$1"
}

# add_links: kubelet's flags name a folder or a file that does not exist, and another folder of the AMIs has it.
add_links() {
  local folder=$CREDENTIAL_BIN_DIR file=$CREDENTIAL_CONFIG config program name=ecr-credential-provider
  if [[ -f $file ]]; then
    config=$file
  elif copy_of config.json ecr-credential-provider-config; then
    config=$REPLY
  else
    return 1
  fi
  # The kubelet that runs has not read this file.
  if ! read_config "$config" || config_is_refused || { [[ -n $KUBELET_PID ]] && ! is_plain; }; then
    unchanged copy-refused copy "$config"
    return
  fi
  if ((${#NAMES[@]} != 1)); then
    unchanged several-providers copy "$config"
    return
  fi
  name=${NAMES[0]}
  if [[ ! -f $folder/$name ]]; then
    copy_of "$name" || return 1
    program=$REPLY
    if [[ ! -d $folder ]]; then
      if [[ -L $folder || ! -d ${folder%/*} ]]; then
        unchanged no-parent-folder
        return
      fi
      must_trust "${folder%/*}" || return
      MADE=$folder$'\n'$MADE
      note_pending && changing "creating $folder" && mkdir -m 755 -- "$folder" || return 1
    fi
    link "$folder/$name" "$program" || return 1
  fi
  [[ -f $file ]] || link "$file" "$config"
}

# add_mode: makes the provider's program executable again.
add_mode() {
  local program
  program=$(readlink -f -- "$CREDENTIAL_BIN_DIR/${NAMES[PROVIDER]}") || return 1
  must_trust "$program" || return
  note_pending && changing "making $program executable" && chmod a+x -- "$program"
}

# remove_login: removes the one entry of `auths` and its comma, as `docker logout` does.
remove_login() {
  local file from end size rest
  file=$(readlink -f -- "$DOCKER_CONFIG") || return 1
  json_span "$file" "$STALE_PATH" || return 1
  read -r from rest end < <(printf '%s\n' "$REPLY") || true
  begin_file "$file" || return 1
  size=$(stat -c %s -- "$file") || return 1
  # The text holds secrets: only this shell's memory and the file have it.
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

# take_back: restores the previous file, and removes the links and folders that were created.
take_back() {
  local path
  log 'rolling back the changes'
  if [[ -n $BACKUP && -f $BACKUP ]]; then
    mv -f -- "$BACKUP" "$CHANGED_FILE" || return 1
  fi
  while IFS= read -r path; do
    if [[ -L $path ]]; then rm -f -- "$path"; elif [[ -d $path ]]; then rmdir -- "$path" || true; fi
  done < <(printf '%s' "$MADE")
}
