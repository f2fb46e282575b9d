# The node's connection to a registry.
#@ use node/services
# shellcheck shell=bash

# with_network COMMAND...: runs a command with the proxy settings of containerd, with which the node reaches a registry,
# and with a temporary HOME, because tools write logs and caches there. Use it in a subshell.
with_network() {
  local variable
  if [[ -n $CONTAINERD_PID && -r /proc/$CONTAINERD_PID/environ ]]; then
    while IFS= read -r -d '' variable; do
      case ${variable%%=*} in
        HTTP_PROXY | HTTPS_PROXY | NO_PROXY | http_proxy | https_proxy | no_proxy) export "${variable?}" ;;
      esac
    done < "/proc/$CONTAINERD_PID/environ"
  fi
  export HOME="$WORK" AWS_ECR_DISABLE_CACHE=true AWS_MAX_ATTEMPTS=2
  "$@"
}
