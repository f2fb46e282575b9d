# The folders of the node's CNI files, and the configuration that the runtime uses.
#@ use node/kubelet
#@ use node/containerd
#@ use base/json
# shellcheck shell=bash disable=SC2034  # the other parts read what is only set here

# On Docker nodes: cri-dockerd's process, and whether its flags turn CNI off.
ON_DOCKER=false CRI_DOCKERD_PID='' CRI_DOCKERD_LOAD='' WITHOUT_CNI=false
CONF_DIR=/etc/cni/net.d BIN_DIRS=(/opt/cni/bin) MAX_CONFIGS=1 LOOPBACK=loopback
# The configuration that the runtime uses; its fault, if it has one (invalid-json, dangling-link, no-name, no-plugins,
# no-plugin-type or unsupported-version), and the place where its JSON is invalid.
CONFIG='' CONFIG_FAULT='' CONFIG_ERROR=''
# The types of the plugins in CONFIG, and the programs that they need, IPAM included. A space precedes and follows each one.
CNI_VERSION='' TYPES='' PROGRAMS=''

readonly AWS_CONFIG=10-aws.conflist

# find_folders: the folders in the configuration of the runtime that serves kubelet.
find_folders() {
  find_services
  read_kubelet
  if kubelet_uses_docker; then
    ON_DOCKER=true
    capture 5 systemctl show --property=MainPID --property=LoadState cri-docker.service
    [[ ! $OUT =~ MainPID=([1-9][0-9]*) ]] || CRI_DOCKERD_PID=${BASH_REMATCH[1]}
    [[ ! $OUT =~ LoadState=([a-z-]+) ]] || CRI_DOCKERD_LOAD=${BASH_REMATCH[1]}
    # With dockershim (kubelet up to 1.23), kubelet itself has the flags.
    flags_of "${CRI_DOCKERD_PID:-$KUBELET_PID}" take_cni_flag
  else
    refuse_foreign_platforms
    read_containerd
    parse_cni_config "$WORK/out"
  fi
}

take_cni_flag() {
  case $1 in
    cni-conf-dir) CONF_DIR=${2:-$CONF_DIR} ;;
    cni-bin-dir) [[ -z $2 ]] || IFS=, read -r -a BIN_DIRS < <(printf '%s\n' "$2") ;;
    network-plugin) [[ $2 == cni ]] || WITHOUT_CNI=true ;;
  esac
}

# parse_cni_config FILE: reads the output of `containerd config dump`, in the format of containerd 1.x, 2.0 or 2.1. In 2.1 the
# list of folders applies where the old key is empty.
parse_cni_config() {
  local key value folders=() folder=''
  while read -r key value; do
    case $key in
      bin_dir) folder=$value ;;
      bin_dirs) folders+=("$value") ;;
      conf_dir) CONF_DIR=$value ;;
      max_conf_num) MAX_CONFIGS=$value ;;
      use_internal_loopback) [[ $value != true ]] || LOOPBACK='' ;;
    esac
  done < <(awk '
    { gsub(/[][ \t"\047]/, /=/ ? " " : "") }
    !/=/ { inside = /\.cri\.cni$|\.cri\.v1\.runtime\.cni$/ }
    inside && /=/ {
      gsub(/[=,]/, " ")
      for (i = 2; i <= NF; i++) print $1, $i
    }
  ' "$1")
  if [[ -n $folder ]]; then
    BIN_DIRS=("$folder")
  elif ((${#folders[@]} > 0)); then
    BIN_DIRS=("${folders[@]}")
  fi
}

# read_configs: finds the configuration that the runtime uses, and reads it. containerd uses the first file in byte order, and
# none if that file is invalid (go-cni, loadFromConfDir). dockershim and cri-dockerd use the first valid file.
read_configs() {
  local file first=''
  CONFIG='' CONFIG_FAULT='' TYPES='' PROGRAMS=''
  shopt -s nullglob dotglob
  for file in "$CONF_DIR"/*; do
    [[ $file == *.@(conf|conflist|json) && (-L $file || ! -d $file) ]] || continue
    first=${first:-$file}
    read_cni_config "$file"
    [[ $ON_DOCKER == true && -n $CONFIG_FAULT ]] || break
  done
  shopt -u nullglob dotglob
  if [[ -n $CONFIG_FAULT && $CONFIG != "$first" ]]; then
    read_cni_config "$first"
  fi
}

# read_cni_config FILE: reads FILE into CONFIG and the variables beside it. A .conf is one plugin, a .conflist is a list.
read_cni_config() {
  local line path kind value code=0 name='' at='' plugin='' type='' ipam='' enabled='' delegates=''
  CONFIG=$1 CONFIG_FAULT='' CONFIG_ERROR='' CNI_VERSION='' TYPES=' ' PROGRAMS=' '
  json_flatten "$1" > "$WORK/config" 2> "$WORK/config.err" || code=$?
  if ((code > 0)); then
    slurp "$WORK/config.err"
    last_line "$REPLY"
    # The runtime may be able to read a file about which this reader cannot decide (2).
    CONFIG_FAULT=invalid-json CONFIG_ERROR=$REPLY
    ((code == 1)) || CONFIG_FAULT=unread
  fi
  if [[ ! -e $1 ]]; then
    CONFIG_FAULT=dangling-link
  fi
  ((code == 0)) || return 0
  while IFS= read -r line; do
    path=${line%%$'\t'*} kind=${line#*$'\t'} value=${line##*$'\t'}
    [[ $1 == *.conflist ]] || path=/plugins/0$path name=-
    [[ $path =~ ^(/plugins/[0-9]+)?(/.*)?$ ]]
    at=${BASH_REMATCH[1]}
    if [[ -n $at && $at != "$plugin" ]]; then
      take_plugin
      plugin=$at type='' ipam='' enabled='' delegates=''
    fi
    case ${at:+plugin}${BASH_REMATCH[2]} in
      plugin/type) type=$value ;;
      plugin/ipam/type) ipam=$value ;;
      plugin/enabled) enabled=$value ;;
      # Those to which Multus and flannel delegate, and their IPAM.
      plugin/delegate*/type) delegates+="$value " ;;
      /cniVersion) CNI_VERSION=$value ;;
      plugin/cniVersion) [[ $1 == *.conflist ]] || CNI_VERSION=$value ;;
      /name) name=$value ;;
    esac
  done < "$WORK/config"
  take_plugin
  if [[ -z $name ]]; then
    CONFIG_FAULT=no-name
  elif [[ -z $plugin && ! -d $CONF_DIR/$name ]]; then
    # Since CNI 1.1, plugins may be in a folder with the name of the network.
    CONFIG_FAULT=no-plugins
  fi
}

# take_plugin: adds the plugin whose end read_cni_config has reached. The runtime does not call the IPAM program of a plugin
# that is turned off, as aws-node's egress plugin is in most clusters.
take_plugin() {
  [[ -n $plugin ]] || return 0
  [[ -n $type ]] || CONFIG_FAULT=no-plugin-type
  TYPES+="$type "
  PROGRAMS+="$type "
  [[ -z $ipam || $enabled == false ]] || PROGRAMS+="$ipam "
  # flannel delegates to these where its configuration names no other.
  if [[ $type == flannel && -z $delegates ]]; then
    PROGRAMS+='bridge host-local '
  fi
  PROGRAMS+=$delegates
}
