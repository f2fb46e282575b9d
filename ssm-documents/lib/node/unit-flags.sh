# The flags of a service that does not run: those with which systemd would start it.
#@ use node/services
# shellcheck shell=bash

# unit_flags HANDLER UNIT...: each_flag on the command lines of units, from systemd, and then on their environment variables,
# because these are most often at the end of the command line. It expands no variable: a flag counts at any place, without its
# quotes.
unit_flags() {
  local handler=$1 key value words='' variables='' list=()
  shift
  capture 5 systemctl show --property=ExecStart,Environment,EnvironmentFiles "$@"
  while IFS='=' read -r key value || [[ -n $key ]]; do
    case $key in
      ExecStart)
        value=${value#*argv\[\]=}
        words+=" ${value%% ; *}"
        ;;
      Environment) variables+=" $value" ;;
      EnvironmentFile | EnvironmentFiles)
        value=${value% (ignore_errors=*}
        if [[ -f $value && -r $value ]]; then
          slurp "$value"
          variables+=" $REPLY"
        fi
        ;;
    esac
  done < "$WORK/out"
  words+=" $variables"
  words=${words//[\"\'\\]/ }
  # ARGS=--flag=value is a variable that begins with a flag.
  words=${words//=--/= --}
  read -r -d '' -a list < <(printf '%s' "$words") || true
  ((${#list[@]} > 0)) || return 0
  printf '%s\0' "${list[@]}" > "$WORK/words"
  each_flag "$WORK/words" "$handler"
}
