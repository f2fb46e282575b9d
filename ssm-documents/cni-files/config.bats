#!/usr/bin/env bats
# The folders and the configuration that the runtime uses, on sample files of real nodes.
# shellcheck disable=SC1091,SC2016,SC2053,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/config.sh"
  CONF_DIR=$BATS_TEST_TMPDIR/net.d
  mkdir "$CONF_DIR"
}

# aws-node's, as v1.18 writes it in an IPv4 cluster.
AWS='{"cniVersion":"0.4.0","name":"aws-cni","disableCheck":true,"plugins":[
  {"name":"aws-cni","type":"aws-cni","vethPrefix":"eni","mtu":"9001","pluginLogLevel":"DEBUG"},
  {"name":"egress-cni","type":"egress-cni","enabled":"false","ipam":{"type":"host-local","ranges":[[{"subnet":"fd00::ac:00/118"}]]}},
  {"type":"portmap","capabilities":{"portMappings":true},"snat":true}]}'

config() {
  printf '%s' "$2" > "$CONF_DIR/$1"
}

@test "reads aws-node's configuration, and requires no IPAM program of a plugin that is turned off" {
  config 10-aws.conflist "$AWS"
  read_configs
  [ "$CONFIG" = "$CONF_DIR/10-aws.conflist" ]
  [ "$CNI_VERSION$CONFIG_FAULT" = 0.4.0 ]
  [ "$TYPES" = ' aws-cni egress-cni portmap ' ]
  [ "$PROGRAMS" = ' aws-cni egress-cni portmap ' ]
  config 10-aws.conflist "${AWS/'"false"'/'"true"'}"
  read_configs
  [ "$PROGRAMS" = ' aws-cni egress-cni host-local portmap ' ]
}

@test "uses the first file in byte order, hidden files and links included, and ignores other names" {
  config 10-aws.conflist "$AWS"
  config 10-aws.conflist.cilium_bak '{'
  config 05-cilium.conflist.disabled '{'
  mkdir "$CONF_DIR/00-folder.conf"
  read_configs
  [ "${CONFIG##*/}" = 10-aws.conflist ]
  config 10-aws-old.conflist '{}'
  read_configs
  [ "${CONFIG##*/}" = 10-aws-old.conflist ]
  config .own.json '{"type":"bridge"}'
  read_configs
  [ "${CONFIG##*/} $TYPES" = '.own.json  bridge ' ]
  ln -s /nowhere "$CONF_DIR/+.conf"
  read_configs
  [ "${CONFIG##*/} $CONFIG_FAULT" = '+.conf dangling-link' ]
}

@test "reads a single plugin with its IPAM program" {
  config 00-own.conf '{"cniVersion":"0.3.1","name":"n","type":"bridge","ipam":{"type":"host-local"}}'
  read_configs
  [ "$CNI_VERSION$PROGRAMS$CONFIG_FAULT" = '0.3.1 bridge host-local ' ]
}

@test "finds the faults that containerd rejects" {
  while IFS='|' read -r text fault; do
    config 10-aws.conflist "$text"
    read_configs
    [[ "$CONFIG_FAULT $CONFIG_ERROR" == $fault ]] || { printf '%s: %s\n' "$text" "$CONFIG_FAULT $CONFIG_ERROR" && return 1; }
  done < <(printf '%s\n' '{"cniVersion":|invalid-json line 1: *' '|invalid-json *' '[]|no-name ' \
    '{"name":"n"}|no-plugins ' '{"name":"n","plugins":[]}|no-plugins ' '{"plugins":[{"type":"bridge"}]}|no-name ' \
    '{"name":"n","plugins":[{"type":"bridge"},{}]}|no-plugin-type ' '{"name":"n","plugins":[{"type":"x"}]}| ')
}

@test "requires no program of a list whose plugins may be in a folder with its name" {
  config 10-own.conflist '{"cniVersion":"1.1.0","name":"own"}'
  mkdir "$CONF_DIR/own"
  read_configs
  [ -z "$CONFIG_FAULT" ]
}

@test "uses the first valid file on Docker, and the first of all if none is valid" {
  config 00-own.conflist '{'
  config 10-aws.conflist "$AWS"
  ON_DOCKER=true
  read_configs
  [ "${CONFIG##*/}$CONFIG_FAULT" = 10-aws.conflist ]
  config 10-aws.conflist '['
  read_configs
  [ "${CONFIG##*/}" = 00-own.conflist ]
  [ -n "$CONFIG_FAULT" ]
}

@test "distinguishes an empty folder from a missing one" {
  read_configs
  [ -z "$CONFIG" ]
  CONF_DIR+=/none
  read_configs
  [ -z "$CONFIG" ]
}

@test "reads the folders of containerd 1.x, 2.0 and 2.1" {
  parse_cni_config "$BATS_TEST_DIRNAME/../lib/testing/samples/containerd-1.6-config-dump.toml"
  [ "$CONF_DIR ${BIN_DIRS[*]} $MAX_CONFIGS $LOOPBACK" = '/etc/cni/net.d /opt/cni/bin 1 loopback' ]
  printf '%s\n' "[plugins.'io.containerd.cri.v1.images']" "  conf_dir = '/no'" \
    "    [plugins.'io.containerd.cri.v1.runtime'.cni]" "      bin_dir = ''" "      bin_dirs = ['/opt/cni/bin', '/usr/lib/cni']" \
    "      conf_dir = '/etc/own'" '      max_conf_num = 2' '      use_internal_loopback = true' \
    "    [plugins.'io.containerd.cri.v1.runtime'.containerd]" "      conf_dir = '/no'" > "$WORK/dump"
  parse_cni_config "$WORK/dump"
  [ "$CONF_DIR ${BIN_DIRS[*]} $MAX_CONFIGS $LOOPBACK" = '/etc/own /opt/cni/bin /usr/lib/cni 2 ' ]
  # As Debian's containerd 2.1 shows an AMI's configuration.
  sed -i "s|bin_dir = ''|bin_dir = '/ami/bin'|" "$WORK/dump"
  parse_cni_config "$WORK/dump"
  [ "${BIN_DIRS[*]}" = /ami/bin ]
}

@test "reads the flags of Docker's runtimes" {
  take_cni_flag cni-bin-dir /a/bin,/b/bin
  take_cni_flag cni-conf-dir /a/net.d
  take_cni_flag network-plugin cni
  [ "${BIN_DIRS[1]} $CONF_DIR $WITHOUT_CNI" = '/b/bin /a/net.d false' ]
  take_cni_flag network-plugin ''
  [ "$WITHOUT_CNI" = true ]
}
