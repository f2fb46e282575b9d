# pause-image: brings the sandbox (pause) image back to a node whose containerd cannot pull it, and pins it.
#
# The builder cuts this file at its `#@ section` lines: the check document has the check section alone, so it holds no
# line that could change the node; the repair document has check and repair; a variant's section is in that variant only.
# shellcheck shell=bash disable=SC2034  # IMAGE, DIGEST, CAUSE and others are printed by the prelude

#@ section check

# kubelet's images live in containerd's namespace k8s.io; what lies in another does not exist for the CRI.
readonly IMAGE_NAMESPACE=k8s.io
readonly PINNED_LABEL=io.cri-containerd.pinned=pinned
# kubelet's own default (kubelet config v1beta1, imageGCHighThresholdPercent).
readonly DEFAULT_GC_HIGH_PERCENT=85

# distribution's reference grammar, as far as a sandbox image needs it. A reference that matches holds no character that
# means anything to a shell, to a containerd filter or to TOML.
readonly REFERENCE='^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?$'

CONTAINERD_PID='' CONTAINERD_EXE='' CONTAINERD_CONFIG='' CONTAINERD_STATE=''
CONTAINERD_VERSION='' CONTAINERD_ROOT='' CONTAINERD_SOCKET='' SNAPSHOTTER=''
KUBELET_PID='' KUBELET_ENDPOINT='' KUBELET_SANDBOX_IMAGE='' KUBELET_CONFIG='' KUBELET_CONFIG_DIR=''
CREDENTIAL_CONFIG='' CREDENTIAL_BIN_DIR=''
REASON_FOUND=''
GC_HIGH_PERCENT='' DISK_PERCENT='' INODE_PERCENT=''
# The sandbox image as the configuration names it; IMAGE is the name under which containerd looks it up.
CONFIGURED_IMAGE=''
# none: this containerd never reports a pin; restart: a label counts after containerd's next start; yes.
PIN_SUPPORT=''
# absent, incomplete (a record without its content) or ready.
IMAGE_STATE='' IMAGE_PINNED=false IMAGE_MANAGED=false

# ctr_k8s SECONDS ARGUMENT...: ctr on kubelet's namespace, by `capture`.
ctr_k8s() {
  local seconds=$1
  shift
  capture "$seconds" ctr --address "$CONTAINERD_SOCKET" --namespace "$IMAGE_NAMESPACE" "$@"
}

# last_line TEXT: its last line that says something (tools print their error last), in REPLY.
last_line() {
  local line last=''
  while IFS= read -r line || [[ -n $line ]]; do
    [[ -z ${line//[[:space:]]/} ]] || last=$line
  done < <(printf '%s' "$1")
  REPLY=$last
}

# parse_services FILE: what `systemctl show` said of containerd and kubelet. The properties of a unit come in systemd's
# own order; an empty line ends the unit.
parse_services() {
  local key value id='' pid='' state=''
  while IFS='=' read -r key value || [[ -n $key ]]; do
    case $key in
      Id) id=$value ;;
      MainPID) pid=${value#0} ;;
      ActiveState) state=$value ;;
      '')
        take_service "$id" "$pid" "$state"
        id='' pid='' state=''
        ;;
    esac
  done < "$1"
  take_service "$id" "$pid" "$state"
}

take_service() {
  case $1 in
    containerd.service) CONTAINERD_STATE=$3 CONTAINERD_PID=${CONTAINERD_PID:-$2} ;;
    # Ubuntu's EKS images run kubelet from a snap.
    kubelet.service | snap.kubelet-eks.daemon.service) KUBELET_PID=${KUBELET_PID:-$2} ;;
  esac
}

# find_services: the running containerd and kubelet. From systemd, and not by a name in /proc: a process in somebody's
# container may call itself containerd, and its --config and its executable must not be used by root.
find_services() {
  CONTAINERD_PID=${FLEETMEND_CONTAINERD_PID:-} KUBELET_PID=${FLEETMEND_KUBELET_PID:-}
  capture 5 systemctl show --property=Id --property=MainPID --property=ActiveState \
    containerd.service kubelet.service snap.kubelet-eks.daemon.service
  parse_services "$WORK/out"
  if [[ -n $KUBELET_PID && -r /proc/$KUBELET_PID/cmdline ]]; then
    parse_kubelet_arguments "/proc/$KUBELET_PID/cmdline"
  fi
  if [[ -n $CONTAINERD_PID && -r /proc/$CONTAINERD_PID/cmdline ]]; then
    parse_containerd_arguments "/proc/$CONTAINERD_PID/cmdline"
  fi
}

# parse_containerd_arguments FILE: the configuration file and the socket that containerd was started with, from its
# NUL-separated arguments.
parse_containerd_arguments() {
  local argument previous=''
  while IFS= read -r -d '' argument || [[ -n $argument ]]; do
    case $argument in
      --config=* | -config=* | -c=*) CONTAINERD_CONFIG=${argument#*=} ;;
      --address=* | -address=* | -a=*) CONTAINERD_SOCKET=${argument#*=} ;;
    esac
    case $previous in
      --config | -config | -c) CONTAINERD_CONFIG=$argument ;;
      --address | -address | -a) CONTAINERD_SOCKET=$argument ;;
    esac
    previous=$argument
  done < "$1"
}

# parse_kubelet_arguments FILE: kubelet's flags that matter here, from NUL-separated arguments.
parse_kubelet_arguments() {
  local argument flag='' value
  while IFS= read -r -d '' argument || [[ -n $argument ]]; do
    if [[ $argument == -*=* ]]; then
      flag=${argument%%=*} value=${argument#*=}
    elif [[ $argument == -* ]]; then
      flag=$argument
      continue
    else
      value=$argument
    fi
    case ${flag#-} in
      -container-runtime-endpoint | container-runtime-endpoint) KUBELET_ENDPOINT=$value ;;
      -pod-infra-container-image | pod-infra-container-image) KUBELET_SANDBOX_IMAGE=$value ;;
      -config | config) KUBELET_CONFIG=$value ;;
      -config-dir | config-dir) KUBELET_CONFIG_DIR=$value ;;
      -image-gc-high-threshold | image-gc-high-threshold) GC_HIGH_PERCENT=$value ;;
      -image-credential-provider-config | image-credential-provider-config) CREDENTIAL_CONFIG=$value ;;
      -image-credential-provider-bin-dir | image-credential-provider-bin-dir) CREDENTIAL_BIN_DIR=$value ;;
    esac
    flag=''
  done < "$1"
}

# read_kubelet_config: the disk use in percent at which kubelet starts to delete images, and its runtime. A flag wins over
# the files (JSON or YAML), a later file of the drop-in folder over an earlier one.
read_kubelet_config() {
  local file found='' threshold='imageGCHighThresholdPercent"?[[:space:]]*:[[:space:]]*([0-9]+)'
  local endpoint='containerRuntimeEndpoint"?[[:space:]]*:[[:space:]]*"?([^",[:space:]]+)' found_endpoint=''
  for file in "$KUBELET_CONFIG" "${KUBELET_CONFIG_DIR:-/nonexistent}"/*.conf; do
    [[ -f $file && -r $file ]] || continue
    slurp "$file"
    if [[ $REPLY =~ $threshold ]]; then
      found=${BASH_REMATCH[1]}
    fi
    if [[ $REPLY =~ $endpoint ]]; then
      found_endpoint=${BASH_REMATCH[1]}
    fi
  done
  KUBELET_ENDPOINT=${KUBELET_ENDPOINT:-$found_endpoint}
  if [[ ! $GC_HIGH_PERCENT =~ ^[0-9]{1,3}$ ]]; then
    GC_HIGH_PERCENT=${found:-$DEFAULT_GC_HIGH_PERCENT}
  fi
}

# refuse_foreign_platforms: ends where there is no containerd that serves kubelet, before anything slow.
refuse_foreign_platforms() {
  if [[ $KUBELET_ENDPOINT == *docker* ]]; then
    finish Unsupported RuntimeNotContainerd "kubelet uses $KUBELET_ENDPOINT, not containerd."
  fi
  command -v ctr > /dev/null && return
  if [[ -d /.bottlerocket ]] || command -v apiclient > /dev/null; then
    finish Unsupported PlatformUnsupported 'This is Bottlerocket: the SSM agent runs in its control container, where the host cannot be mended.'
  fi
  if [[ -n $CONTAINERD_PID ]] || command -v containerd > /dev/null; then
    finish Unknown ToolMissing "containerd is here, but its client ctr is not on the PATH ($PATH)."
  fi
  finish Unsupported PlatformUnsupported 'There is no containerd on this node.'
}

# parse_runtime_config FILE: from `containerd config dump`, in containerd 1.x's form (sandbox_image) or 2.x's
# (pinned_images.sandbox), with either kind of quotes.
parse_runtime_config() {
  local key value
  while IFS='=' read -r key value; do
    case $key in
      root) CONTAINERD_ROOT=$value ;;
      address) CONTAINERD_SOCKET=${CONTAINERD_SOCKET:-$value} ;;
      sandbox) CONFIGURED_IMAGE=$value ;;
      snapshotter) SNAPSHOTTER=$value ;;
    esac
  done < <(awk '
    # The value of a line `key = "value"`, without its quotes.
    function text(line, quote, end) {
      sub(/^[^=]*=[ \t]*/, "", line)
      quote = substr(line, 1, 1)
      if (quote != "\"" && quote != "\047") return ""
      line = substr(line, 2)
      end = index(line, quote)
      return end == 0 ? "" : substr(line, 1, end - 1)
    }
    /^[ \t]*\[+[^]]*\]+[ \t]*(#.*)?$/ {
      section = $0
      gsub(/[][ \t"\047]|#.*$/, "", section)
      next
    }
    section == "" && /^[ \t]*root[ \t]*=/ { print "root=" text($0) }
    section == "grpc" && /^[ \t]*address[ \t]*=/ { print "address=" text($0) }
    section ~ /(^|\.)cri$/ && /^[ \t]*sandbox_image[ \t]*=/ { print "sandbox=" text($0) }
    section ~ /\.images\.pinned_images$/ && /^[ \t]*sandbox[ \t]*=/ { print "sandbox=" text($0) }
    section ~ /(\.cri\.containerd|\.cri\.v1\.images)$/ && /^[ \t]*snapshotter[ \t]*=/ { print "snapshotter=" text($0) }
  ' "$1")
}

# read_runtime_config: containerd's effective configuration, imports merged, by the executable that is running (after an
# upgrade without a restart the one on the PATH may be another).
read_runtime_config() {
  CONTAINERD_EXE=containerd
  if [[ -n $CONTAINERD_PID && -x /proc/$CONTAINERD_PID/exe ]]; then
    CONTAINERD_EXE=/proc/$CONTAINERD_PID/exe
  fi
  if [[ -n $CONTAINERD_CONFIG ]]; then
    capture 10 "$CONTAINERD_EXE" --config "$CONTAINERD_CONFIG" config dump
  else
    capture 10 "$CONTAINERD_EXE" config dump
  fi
  if ((RC != 0)); then
    last_line "$ERR"
    finish_undecided ConfigUnreadable "containerd cannot read its own configuration: ${REPLY:-exit code $RC}"
  fi
  parse_runtime_config "$WORK/out"
  CONTAINERD_ROOT=${CONTAINERD_ROOT:-/var/lib/containerd}
  # CONTAINERD_ADDRESS is ctr's own variable.
  CONTAINERD_SOCKET=${CONTAINERD_ADDRESS:-${CONTAINERD_SOCKET:-/run/containerd/containerd.sock}}
  SNAPSHOTTER=${SNAPSHOTTER:-overlayfs}
}

# finish_undecided REASON MESSAGE: a check could not tell; a repair did not mend.
finish_undecided() {
  if [[ $ACTION == repair ]]; then
    finish NotRepaired "$1" "$2"
  fi
  finish Unknown "$1" "$2"
}

# read_runtime_version: the version of the containerd that is running, not of ctr.
read_runtime_version() {
  local pattern='Server:[[:space:]]+Version:[[:space:]]+v?([0-9]+\.[0-9]+\.[0-9]+)'
  capture 10 ctr --address "$CONTAINERD_SOCKET" --connect-timeout 5s version
  if [[ $OUT =~ $pattern ]]; then
    CONTAINERD_VERSION=${BASH_REMATCH[1]}
    return
  fi
  last_line "$ERR"
  if ((RC == 124)); then
    REPLY='it did not answer within 10 s'
  fi
  finish_undecided RuntimeDown "containerd (unit ${CONTAINERD_STATE:-unknown}) does not answer at $CONTAINERD_SOCKET: $REPLY"
}

# default_image VERSION: the sandbox image that containerd takes where its configuration names none, in REPLY.
default_image() {
  case $1 in
    1.6.*) REPLY=registry.k8s.io/pause:3.6 ;;
    1.7.*) REPLY=registry.k8s.io/pause:3.8 ;;
    2.0.* | 2.1.*) REPLY=registry.k8s.io/pause:3.10 ;;
    2.2.*) REPLY=registry.k8s.io/pause:3.10.1 ;;
    2.*) REPLY=registry.k8s.io/pause:3.10.2 ;;
    *) REPLY='' ;;
  esac
}

# pin_support VERSION: whether this containerd tells kubelet that an image is pinned; none, restart or yes, in REPLY.
# containerd 1.6.22 and 1.7.3 brought the pin; 1.6.25 and 1.7.10 the notice of a label that is set later.
pin_support() {
  local major=${1%%.*} minor=${1#*.} patch=${1##*.}
  minor=${minor%%.*}
  REPLY=yes
  if ((major < 1 || (major == 1 && minor < 6))); then
    REPLY=none
  elif ((major == 1 && minor == 6)); then
    if ((patch < 22)); then REPLY=none; elif ((patch < 25)); then REPLY=restart; fi
  elif ((major == 1 && minor == 7)); then
    if ((patch < 3)); then REPLY=none; elif ((patch < 10)); then REPLY=restart; fi
  fi
}

# full_reference REF: the name under which the CRI looks an image up: with a registry and a tag; in REPLY.
full_reference() {
  local ref=$1
  if [[ $ref != */* ]]; then
    ref=docker.io/library/$ref
  elif [[ ${ref%%/*} != *[.:]* && ${ref%%/*} != localhost ]]; then
    ref=docker.io/$ref
  fi
  if [[ ${ref##*/} != *[:@]* ]]; then
    ref+=:latest
  fi
  REPLY=$ref
}

# read_image_row REF FILE: a row of `ctr images ls`, in DIGEST, IMAGE_PINNED and IMAGE_MANAGED; 1 if there is none.
read_image_row() {
  local name type digest rest
  while read -r name type digest rest; do
    if [[ $name == "$1" ]]; then
      DIGEST=$digest IMAGE_PINNED=false IMAGE_MANAGED=false
      [[ ,${rest##* }, != *",$PINNED_LABEL,"* ]] || IMAGE_PINNED=true
      [[ ,${rest##* }, != *,io.cri-containerd.image=managed,* ]] || IMAGE_MANAGED=true
      return 0
    fi
  done < "$2"
  return 1
}

# read_check_row REF FILE: whether a row of `ctr images check` says that containers can be made of the image: unpacked, or
# complete. "incomplete" alone is no fault: with discard_unpacked_layers the layers go once they are unpacked.
read_check_row() {
  local row
  while IFS= read -r row; do
    if [[ $row == "$1 "* ]]; then
      [[ $row =~ [[:space:]]complete[[:space:]]\( || $row =~ [[:space:]]true[[:space:]]*$ ]]
      return
    fi
  done < "$2"
  return 1
}

# needs_second_name: whether this containerd looks the image up under two names. From 2.3 on it takes a reference without a
# tag as it stands too (amazon-eks-ami #2729); older ones only add `:latest`.
needs_second_name() {
  [[ $CONFIGURED_IMAGE != "$IMAGE" && $CONFIGURED_IMAGE != *@* && ! $CONTAINERD_VERSION =~ ^([01]\.|2\.[012]\.) ]]
}

# read_image_state: the state of IMAGE in containerd, in IMAGE_STATE and beside it.
read_image_state() {
  IMAGE_STATE=absent IMAGE_PINNED=false IMAGE_MANAGED=false DIGEST=''
  ctr_k8s 15 images ls "name==\"$IMAGE\""
  if ((RC != 0)) || [[ $OUT != REF* ]]; then
    last_line "$ERR"
    finish_undecided RuntimeDown "containerd does not list its images: ${REPLY:-exit code $RC}"
  fi
  read_image_row "$IMAGE" "$WORK/out" || return 0
  IMAGE_STATE=incomplete
  # Its exit code is not 0 where content is missing, which is what it was asked.
  ctr_k8s 15 images check --snapshotter "$SNAPSHOTTER" "name==\"$IMAGE\""
  if read_check_row "$IMAGE" "$WORK/out"; then
    IMAGE_STATE=ready
  fi
  if [[ $IMAGE_STATE == ready ]] && needs_second_name; then
    ctr_k8s 15 images ls --quiet "name==\"$CONFIGURED_IMAGE\""
    [[ $OUT == "$CONFIGURED_IMAGE"* ]] || IMAGE_STATE=absent
  fi
}

# read_disk: how full the file system of containerd's images is, as kubelet computes it: 100 - 100 * available / size.
read_disk() {
  local blocks available inodes inodes_free
  capture 5 stat --file-system --format='%b %a %c %d' "$CONTAINERD_ROOT"
  read -r blocks available inodes inodes_free < "$WORK/out" || return 0
  if [[ $blocks =~ ^[1-9][0-9]*$ && $available =~ ^[0-9]+$ ]]; then
    DISK_PERCENT=$((100 - available * 100 / blocks))
    evidence diskUsedPercent "$DISK_PERCENT"
  fi
  if [[ $inodes =~ ^[1-9][0-9]*$ && $inodes_free =~ ^[0-9]+$ ]]; then
    INODE_PERCENT=$((100 - inodes_free * 100 / inodes))
    # Only a shortage is news.
    ((INODE_PERCENT < 90)) || evidence inodesUsedPercent "$INODE_PERCENT"
  fi
}

disk_is_over_threshold() {
  [[ -n $DISK_PERCENT ]] && ((DISK_PERCENT >= GC_HIGH_PERCENT))
}

# kubelet up to 1.28 spares the image of its own flag from garbage collection, and that one alone.
kubelet_names_another_image() {
  [[ -n $KUBELET_SANDBOX_IMAGE && $KUBELET_SANDBOX_IMAGE != "$CONFIGURED_IMAGE" && $KUBELET_SANDBOX_IMAGE != "$IMAGE" ]]
}

# find_cause: why the image has gone or could go, as far as the node shows it, in CAUSE.
find_cause() {
  CAUSE=''
  if disk_is_over_threshold; then
    CAUSE=ImageGCPressure
  elif [[ $IMAGE_STATE != ready ]] && journal_shows_gc; then
    # Deleting images has brought the disk below the threshold again: only the journal still knows.
    CAUSE=ImageGCPressure
  elif kubelet_names_another_image; then
    CAUSE=SandboxImageMismatch
  elif [[ $PIN_SUPPORT != yes ]]; then
    CAUSE=PinningUnsupported
  fi
}

# journal_shows_gc: whether kubelet deleted images for space in the last day.
journal_shows_gc() {
  local line
  command -v journalctl > /dev/null || return 1
  while IFS= read -r line; do
    if [[ $line == *'image filesystem is over the high threshold'* ]]; then
      evidence imageGCAt "${line%% *}"
      return 0
    fi
  done < <(bounded 4 journalctl --quiet --no-pager --reverse --output=short-iso --since=-24h --lines=20000 \
    --unit=kubelet.service --unit=snap.kubelet-eks.daemon.service 2> /dev/null)
  return 1
}

# diagnose: finds out everything that check and repair decide by. It changes nothing.
diagnose() {
  find_services
  read_kubelet_config
  refuse_foreign_platforms
  read_runtime_config
  read_runtime_version
  evidence containerd "$CONTAINERD_VERSION"
  if [[ -z $CONFIGURED_IMAGE ]]; then
    default_image "$CONTAINERD_VERSION"
    CONFIGURED_IMAGE=$REPLY
  fi
  if [[ ! $CONFIGURED_IMAGE =~ $REFERENCE ]]; then
    json_string "$CONFIGURED_IMAGE" 100
    finish_undecided ConfigUnreadable "containerd's sandbox image is not an image reference: $REPLY"
  fi
  full_reference "$CONFIGURED_IMAGE"
  IMAGE=$REPLY
  pin_support "$CONTAINERD_VERSION"
  PIN_SUPPORT=$REPLY
  read_image_state
  read_disk
  evidence gcHighPercent "$GC_HIGH_PERCENT"
  evidence pinSupport "$PIN_SUPPORT"
  evidence pinLabel "$IMAGE_PINNED"
  [[ $SNAPSHOTTER == overlayfs ]] || evidence snapshotter "$SNAPSHOTTER"
  ! kubelet_names_another_image || evidence kubeletImage "$KUBELET_SANDBOX_IMAGE"
  find_cause
}

# fault: what is wrong with the image, in REASON_FOUND and REPLY (a sentence); 1 if nothing is.
fault() {
  case $IMAGE_STATE in
    absent)
      REASON_FOUND=SandboxImageMissing
      REPLY='The sandbox image has gone; no new pod can start on this node.'
      ;;
    incomplete)
      REASON_FOUND=SandboxImageIncomplete
      REPLY='The sandbox image is listed, but its content has gone; no new pod can start on this node.'
      ;;
    *)
      # A label that this containerd would not report mends nothing.
      if [[ $IMAGE_PINNED == true || $PIN_SUPPORT != yes ]]; then
        return 1
      fi
      REASON_FOUND=SandboxImageUnpinned
      REPLY="The sandbox image is there but not pinned; kubelet may delete it once the disk is $GC_HIGH_PERCENT % full."
      ;;
  esac
}

# may_recur: whether kubelet may delete the image again, as true or false in REPLY.
may_recur() {
  REPLY=false
  if [[ $PIN_SUPPORT != yes ]] || disk_is_over_threshold; then
    REPLY=true
  fi
}

# finish_healthy: the image is there, and pinned where that can be.
finish_healthy() {
  local message='The sandbox image is there and pinned.'
  may_recur
  WILL_RECUR=$REPLY
  case $PIN_SUPPORT in
    none) message="The sandbox image is there. containerd $CONTAINERD_VERSION cannot pin it: kubelet may delete it once the disk is $GC_HIGH_PERCENT % full." ;;
    restart) message="The sandbox image is there. containerd $CONTAINERD_VERSION heeds a pin only from its next start on." ;;
  esac
  finish Healthy '' "$message"
}

check() {
  take_lock shared
  diagnose
  if fault; then
    finish Broken "$REASON_FOUND" "$REPLY"
  fi
  finish_healthy
}

#@ section repair

readonly PAUSE_TAR=${FLEETMEND_PAUSE_TAR:-/etc/eks/pause.tar}
readonly PAUSE_TAR_IMAGE=localhost/kubernetes/pause:latest
readonly TEST_CONTAINER=fleetmend-verify

FAILURE_REASON='' FAILURE_MESSAGE=''
PLATFORM=''
TOKEN=''
ECR_ACCOUNT='' ECR_REGION=''
TEST_CONTAINER_MADE=''
UNIT_STARTED=false

# note_failure REASON MESSAGE: why a rung that should have worked did not. The first one is told: the rungs after it are
# fallbacks.
note_failure() {
  log "$1: $2"
  if [[ -z $FAILURE_REASON ]]; then
    FAILURE_REASON=$1 FAILURE_MESSAGE=$2
  fi
}

# parse_ecr_host HOST: account and region of a private ECR registry, in ECR_ACCOUNT and ECR_REGION; 1 for every other
# host. Each partition has its own domain, so `….cn-north-1.amazonaws.com` is no ECR host, and neither is a host that
# only begins like one.
parse_ecr_host() {
  local rest
  local classic='^([0-9]{12})\.dkr\.ecr(-fips)?\.([a-z]{2,5}(-[a-z]+)+-[0-9]{1,2})\.([a-z0-9.-]+)$'
  local dual_stack='^([0-9]{12})\.dkr-ecr(-fips)?\.([a-z]{2,5}(-[a-z]+)+-[0-9]{1,2})\.(on\.[a-z0-9.]+)$'
  ECR_ACCOUNT='' ECR_REGION=''
  if [[ ! $1 =~ $classic && ! $1 =~ $dual_stack ]] || [[ $1 == *.dkr.ecr*.on.* ]]; then
    return 1
  fi
  rest="${BASH_REMATCH[3]} ${BASH_REMATCH[5]}"
  case $rest in
    cn-*' amazonaws.com.cn' | cn-*' on.amazonwebservices.com.cn') ;;
    us-isob-*' sc2s.sgov.gov' | us-isof-*' csp.hci.ic.gov' | us-iso-*' c2s.ic.gov') ;;
    eu-isoe-*' cloud.adc-e.uk' | eusc-*' amazonaws.eu') ;;
    cn-* | us-iso* | eu-iso* | eusc-*) return 1 ;;
    *' amazonaws.com' | *' on.aws') ;;
    *) return 1 ;;
  esac
  # As text: ids begin with zeros too.
  ECR_ACCOUNT=${BASH_REMATCH[1]} ECR_REGION=${BASH_REMATCH[3]}
}

# eks_partition ACCOUNT: the partition in which ACCOUNT is one of EKS's image registries, in REPLY; 1 for any other.
# The table is amazon-eks-ami's (get-ecr-uri.sh at 0ab84280).
eks_partition() {
  case $1 in
    602401143452 | 877085696533 | 800184023465 | 533267051163 | 900889452093 | 296578399912 | 491585149902 | \
      151610086707 | 333609536671 | 121268973566 | 761377655185 | 900612956339 | 590381155156 | 455263428931 | \
      066635153087 | 759879836304 | 558608220178 | 730335286997) REPLY=aws ;;
    918309763551 | 961992271922) REPLY=aws-cn ;;
    151742754352 | 013241004608) REPLY=aws-us-gov ;;
    725322719131 | 608367168043) REPLY=aws-iso ;;
    187977181151 | 321162350305) REPLY=aws-iso-b ;;
    249663109785) REPLY=aws-iso-e ;;
    171035529773 | 676585237158) REPLY=aws-iso-f ;;
    877088126301) REPLY=aws-eusc ;;
    *) return 1 ;;
  esac
}

# region_partition REGION: the partition of a region, in REPLY.
region_partition() {
  case $1 in
    cn-*) REPLY=aws-cn ;;
    us-gov-*) REPLY=aws-us-gov ;;
    us-isob-*) REPLY=aws-iso-b ;;
    us-isof-*) REPLY=aws-iso-f ;;
    us-iso-*) REPLY=aws-iso ;;
    eu-isoe-*) REPLY=aws-iso-e ;;
    eusc-*) REPLY=aws-eusc ;;
    *) REPLY=aws ;;
  esac
}

# trusted_source REF WANTED: whether an image on the node may stand in for WANTED: the same repository and tag, from one of
# EKS's own registries. Any pod can bring an image of any name onto a node, but nobody else can push to those accounts.
trusted_source() {
  local partition
  [[ $1 != "$2" && $1 == */* && $2 == */* && ${1#*/} == "${2#*/}" && $1 =~ $REFERENCE ]] || return 1
  parse_ecr_host "${1%%/*}" || return 1
  region_partition "$ECR_REGION"
  partition=$REPLY
  eks_partition "$ECR_ACCOUNT" && [[ $REPLY == "$partition" ]]
}

# image_is_usable REF: whether containers can be made of another image on the node.
image_is_usable() {
  ctr_k8s 15 images check --snapshotter "$SNAPSHOTTER" "name==\"$1\""
  read_check_row "$1" "$WORK/out"
}

# image_is_ready: whether the sandbox image is usable by now.
image_is_ready() {
  read_image_state
  [[ $IMAGE_STATE == ready ]]
}

# tag_image SOURCE TARGET: gives an image a second name. --force replaces a record whose content has gone.
tag_image() {
  ctr_k8s 20 images tag --force "$1" "$2"
  if ((RC != 0)); then
    note_failed_command SandboxImagePullFailed "Tagging $1 as $2"
    return 1
  fi
}

# note_failed_command REASON WHAT: notes the failure of the last `capture`, under a better reason where its text shows one.
note_failed_command() {
  local reason=$1
  last_line "$ERR"
  case $ERR in
    *'no space left on device'*) reason=DiskFull ;;
    *'dial unix'*) reason=RuntimeDown ;;
  esac
  note_failure "$reason" "$2 failed: ${REPLY:-exit code $RC}"
}

# rung_import: the copy that AL2023's image keeps on the disk.
rung_import() {
  local name arguments=(--snapshotter "$SNAPSHOTTER")
  [[ -e $PAUSE_TAR || -L $PAUSE_TAR ]] || return 1
  # The copy is localhost/kubernetes/pause; under another repository's name it would be a forgery, however well meant.
  [[ $IMAGE == localhost/* ]] || return 1
  if ! trusted_path "$PAUSE_TAR" || [[ ! -f $PAUSE_TAR ]]; then
    note_failure LocalCopyUntrusted "$PAUSE_TAR is not used: ${REPLY:-it is not a file}."
    return 1
  fi
  if [[ $SNAPSHOTTER == soci ]]; then
    # amazon-eks-ami #2717: through the transfer service the SOCI snapshotter would ask the registry for the layers.
    arguments+=(--discard-unpacked-layers=false --local)
  fi
  ctr_k8s 60 images import "${arguments[@]}" "$PAUSE_TAR"
  if ((RC != 0)); then
    note_failed_command SandboxImageIncomplete "Importing $PAUSE_TAR"
    return 1
  fi
  for name in "$IMAGE" "$PAUSE_TAR_IMAGE"; do
    if image_is_usable "$name"; then
      [[ $name == "$IMAGE" ]] || tag_image "$name" "$IMAGE"
      return
    fi
  done
  note_failure LocalCopyUntrusted "$PAUSE_TAR holds no usable image for this node's platform."
  return 1
}

# rung_tag: the same image under the name of another EKS registry.
rung_tag() {
  local name platforms candidates=()
  if needs_second_name && image_is_usable "$IMAGE"; then
    return 0
  fi
  ctr_k8s 15 images ls
  # A size is two words: a number and its unit.
  while read -r name _ _ _ _ platforms _; do
    if trusted_source "$name" "$IMAGE" && [[ ",$platforms," == *",linux/$PLATFORM"[,/]* ]]; then
      candidates+=("$name")
    fi
  done < "$WORK/out"
  # An empty array is an unset variable to bash before 4.4.
  ((${#candidates[@]} > 0)) || return 1
  for name in "${candidates[@]}"; do
    if image_is_usable "$name" && tag_image "$name" "$IMAGE"; then
      evidence taggedFrom "$name"
      return 0
    fi
  done
  return 1
}

# rung_unit: AL2's own unit, which pulls the image with the AWS CLI. Never restarted or stopped: kubelet requires it, and
# systemd would restart or stop kubelet with it.
rung_unit() {
  # Its script takes a name in the list for an image and would do nothing.
  [[ $IMAGE_STATE == absent ]] || return 1
  command -v systemctl > /dev/null || return 1
  capture 5 systemctl show --property=LoadState --property=ActiveState --property=Type sandbox-image.service
  [[ $OUT == *LoadState=loaded* && $OUT == *Type=oneshot* ]] || return 1
  case $OUT in
    *ActiveState=inactive* | *ActiveState=failed*) UNIT_STARTED=true ;;
    *ActiveState=activating*) ;;
    # With RemainAfterExit it counts as running for ever, and a start would do nothing.
    *) return 1 ;;
  esac
  capture 25 systemctl start sandbox-image.service
  if ((RC == 124)); then
    log 'sandbox-image.service did not end within 25 s'
    stop_unit
    return 1
  fi
  if ((RC != 0)); then
    # Nobody should find a failed unit that was not there before.
    [[ $UNIT_STARTED == false ]] || capture 5 systemctl reset-failed sandbox-image.service
    UNIT_STARTED=false
    return 1
  fi
  UNIT_STARTED=false
}

# stop_unit: ends the run of the unit that this script started. Its script would go on for minutes. `kill` and not `stop`:
# only a stop reaches kubelet.
stop_unit() {
  [[ $UNIT_STARTED == true ]] || return 0
  UNIT_STARTED=false
  capture 5 systemctl kill --signal=SIGKILL sandbox-image.service
  capture 5 systemctl reset-failed sandbox-image.service
}

# with_network COMMAND...: runs a command with the proxy settings of containerd, which is how this node reaches a registry,
# and with a HOME that goes with the script (tools write logs and caches there). Use it in a subshell.
with_network() {
  local variable
  if [[ -n $CONTAINERD_PID && -r /proc/$CONTAINERD_PID/environ ]]; then
    while IFS= read -r -d '' variable; do
      case ${variable%%=*} in
        HTTP_PROXY | HTTPS_PROXY | NO_PROXY | http_proxy | https_proxy | no_proxy) export "${variable?}" ;;
      esac
    done < "/proc/$CONTAINERD_PID/environ"
  fi
  export HOME="$WORK" AWS_ECR_DISABLE_CACHE=true AWS_MAX_ATTEMPTS=2 AWS_METADATA_SERVICE_NUM_ATTEMPTS=2
  "$@"
}

# take_token TEXT PATTERN: the token in a tool's answer, in TOKEN; 1 if there is none. Only characters of ECR's tokens are
# accepted. An empty one must never reach ctr: it would ask for a password and panic.
take_token() {
  TOKEN=''
  [[ $1 =~ $2 ]] || return 1
  TOKEN=${BASH_REMATCH[1]}
  if [[ ! $TOKEN =~ ^[A-Za-z0-9+/=_.-]+$ ]]; then
    TOKEN=''
    return 1
  fi
}

# credential_request: what kubelet would ask its credential provider, in the version that the node's own configuration
# names (plugins up to 1.27.0 speak v1alpha1 only), in REPLY.
credential_request() {
  local version=credentialprovider.kubelet.k8s.io/v1 pattern='credentialprovider\.kubelet\.k8s\.io/v1[a-z0-9]*'
  if [[ -n $1 && -r $1 ]]; then
    slurp "$1"
    if [[ $REPLY =~ $pattern ]]; then
      version=${BASH_REMATCH[0]}
    fi
  fi
  REPLY="{\"apiVersion\":\"$version\",\"kind\":\"CredentialProviderRequest\",\"image\":\"$IMAGE\"}"
}

# ask_provider: a token from kubelet's own ecr-credential-provider. It comes first since it needs no Python.
ask_provider() {
  local answer config='' folder provider='' code=0
  for folder in "$CREDENTIAL_BIN_DIR" /etc/eks/image-credential-provider /etc/eks/ecr-credential-provider; do
    if [[ -n $folder && -x $folder/ecr-credential-provider ]]; then
      provider=$folder/ecr-credential-provider
      break
    fi
  done
  [[ -n $provider ]] || return 1
  provider=$(readlink -f -- "$provider")
  if ! trusted_path "$provider"; then
    log "$provider is not used: $REPLY"
    return 1
  fi
  for config in "$CREDENTIAL_CONFIG" "$folder/config.json" "$folder/ecr-credential-provider-config"; do
    [[ -z $config || ! -r $config ]] || break
  done
  credential_request "$config"
  log "asking $provider for a token"
  answer=$(printf '%s' "$REPLY" | (with_network bounded 25 "$provider" 2> "$WORK/err")) || code=$?
  take_token "$answer" '"password"[[:space:]]*:[[:space:]]*"([^"]+)"' || note_token_failure "$provider" "$code"
}

# ask_helper: a token from Docker's credential helper for ECR.
ask_helper() {
  local answer code=0
  command -v docker-credential-ecr-login > /dev/null || return 1
  log 'asking docker-credential-ecr-login for a token'
  answer=$(printf '%s' "${IMAGE%%/*}" | (with_network bounded 25 docker-credential-ecr-login get 2> "$WORK/err")) || code=$?
  take_token "$answer" '"Secret"[[:space:]]*:[[:space:]]*"([^"]+)"' || note_token_failure docker-credential-ecr-login "$code"
}

# ask_aws_cli: a token from the AWS CLI.
ask_aws_cli() {
  local answer code=0
  command -v aws > /dev/null || return 1
  log "asking the AWS CLI for a token in $ECR_REGION"
  answer=$( (with_network bounded 40 aws ecr get-login-password --region "$ECR_REGION" \
    --cli-connect-timeout 5 --cli-read-timeout 15 2> "$WORK/err")) || code=$?
  take_token "$answer" '^([^[:space:]]+)[[:space:]]*$' || note_token_failure 'the AWS CLI' "$code"
}

# note_token_failure TOOL CODE: says why TOOL gave no token, and returns 1.
note_token_failure() {
  local role='' reason
  slurp "$WORK/err"
  ERR=$REPLY
  token_failure_reason "$ERR" "$2"
  case $REPLY in
    NodeRoleLacksECR)
      if [[ $ERR =~ assumed-role/([A-Za-z0-9+=,.@_-]+)/ ]]; then
        role=" ${BASH_REMATCH[1]}"
      fi
      note_failure NodeRoleLacksECR "The node role$role may not get an ECR token: allow it ecr:GetAuthorizationToken on resource * (AmazonEC2ContainerRegistryPullOnly does). Nothing was changed on the node."
      ;;
    *)
      reason=$REPLY
      last_line "$ERR"
      note_failure "$reason" "$1 gave no ECR token: ${REPLY:-exit code $2}"
      ;;
  esac
  return 1
}

# token_failure_reason TEXT CODE: the reason behind a token tool's error text, in REPLY.
token_failure_reason() {
  case $1 in
    *AccessDenied* | *'not authorized to perform'*) REPLY=NodeRoleLacksECR ;;
    *'no EC2 IMDS role found'* | *'refresh cached credentials'* | *'Unable to locate credentials'* | \
      *NoCredentialProviders* | *EC2MetadataError* | *ExpiredToken* | *'signature'* | *Signature*) REPLY=TokenUnavailable ;;
    *x509:* | *'certificate verify failed'* | *'failed to verify certificate'*) REPLY=RegistryCertificate ;;
    *'no such host'* | *'i/o timeout'* | *'connection refused'* | *'context deadline exceeded'* | *'timed out'* | \
      *'TLS handshake timeout'* | *'network is unreachable'* | *'no route to host'* | *'Could not connect'* | \
      *'Connect timeout'* | *'Read timeout'*) REPLY=RegistryUnreachable ;;
    *)
      REPLY=TokenUnavailable
      if (($2 == 124)); then
        REPLY=RegistryUnreachable
      fi
      ;;
  esac
}

# get_token: an ECR token in TOKEN, from the first tool that gives one. A role that may not have one is the same for every
# tool.
get_token() {
  local tool
  for tool in ask_provider ask_helper ask_aws_cli; do
    if "$tool"; then
      return 0
    fi
    if [[ $FAILURE_REASON == NodeRoleLacksECR ]]; then
      return 1
    fi
  done
  if [[ -z $FAILURE_REASON ]]; then
    note_failure ToolMissing 'No tool on this node can get an ECR token: there is no ecr-credential-provider, no docker-credential-ecr-login and no AWS CLI.'
  fi
  return 1
}

# fetch_failure_reason TEXT CODE: the reason behind ctr's error text, in REPLY.
fetch_failure_reason() {
  case $1 in
    *'flag provided but not defined'*) REPLY=ToolMissing ;;
    *'no space left on device'*) REPLY=DiskFull ;;
    *'dial unix'*) REPLY=RuntimeDown ;;
    *x509:* | *'failed to verify certificate'* | *'certificate signed by'*) REPLY=RegistryCertificate ;;
    *'403 Forbidden'* | *'400 Bad Request'* | *'401 Unauthorized'* | *'no basic auth credentials'* | \
      *'authorization failed'* | *'pull access denied'*) REPLY=RegistryDenied ;;
    *': not found'* | *'404 Not Found'*) REPLY=RegistryImageNotFound ;;
    *'no such host'* | *'i/o timeout'* | *'connection refused'* | *'connection reset'* | *'context deadline exceeded'* | \
      *'TLS handshake timeout'* | *'network is unreachable'* | *'no route to host'* | *'server misbehaving'* | \
      *'Service Unavailable'* | *'Bad Gateway'* | *'Gateway Time'* | *'Too Many Requests'* | *': EOF'*) REPLY=RegistryUnreachable ;;
    *)
      REPLY=SandboxImagePullFailed
      if (($2 == 124)); then
        REPLY=RegistryUnreachable
      fi
      ;;
  esac
}

# fetch ARGUMENT...: `ctr content fetch`, once more after a failure of the network. Content that came is kept, so the
# second try only gets the rest.
fetch() {
  local attempt reason
  for attempt in 1 2; do
    RC=0
    (with_network bounded 60 ctr --address "$CONTAINERD_SOCKET" --namespace "$IMAGE_NAMESPACE" content fetch "$@") \
      > "$WORK/out" 2> "$WORK/err" || RC=$?
    slurp "$WORK/err"
    ERR=$REPLY
    ((RC != 0)) || return 0
    fetch_failure_reason "$ERR" "$RC"
    reason=$REPLY
    if [[ $attempt == 2 || $reason != RegistryUnreachable ]]; then
      break
    fi
    log 'the registry was not reached; once more in 2 s'
    bounded 5 sleep 2
  done
  last_line "$ERR"
  note_failure "$reason" "Fetching the image failed: ${REPLY:-time was up (exit code $RC)}"
  return 1
}

# write_hosts_file HOST SECRET: containerd's hosts.toml, which adds the token to every request to HOST. Twice, since ctr asks
# the host and then, where that fails, the file's default server, which is HOST again: without a token its 401 would hide
# the first answer. ECR redirects blobs to S3, which refuses a request with two authorizations; Go's HTTP client drops the
# header when it follows to another domain.
write_hosts_file() {
  printf 'server = "https://%s"\n[header]\n  Authorization = ["Basic %s"]\n' "$1" "$2"
  printf '[host."https://%s"]\n  capabilities = ["pull", "resolve"]\n' "$1"
  printf '[host."https://%s".header]\n  Authorization = ["Basic %s"]\n' "$1" "$2"
}

# rung_ecr: the image from its own private registry, with a token. The token reaches ctr by a file without a name: the file
# is unlinked while it is still empty, and hosts.toml is a link to its open descriptor. So the token is in no argument
# list, in no environment and in no file that could outlive the script, whenever it is killed.
rung_ecr() {
  local host=${IMAGE%%/*} secret code=0
  parse_ecr_host "$host" || return 1
  evidence ecrRegion "$ECR_REGION"
  get_token || return 1
  mkdir -p -- "$WORK/hosts/$host"
  ln -s /proc/self/fd/8 "$WORK/hosts/$host/hosts.toml"
  secret=$(printf 'AWS:%s' "$TOKEN" | base64 -w0)
  TOKEN=''
  exec 8<> "$WORK/nameless"
  rm -f -- "$WORK/nameless"
  write_hosts_file "$host" "$secret" >&8
  secret=''
  fetch --hosts-dir "$WORK/hosts" "$IMAGE" || code=1
  exec 8>&-
  return "$code"
}

# rung_fetch: a registry that wants no ECR token. containerd could pull it by itself, but the next pod would wait for it.
rung_fetch() {
  parse_ecr_host "${IMAGE%%/*}" && return 1
  [[ $IMAGE != localhost/* ]] || return 1
  fetch "$IMAGE"
}

# climb: tries the rungs, the cheapest first, until the image is ready; in RUNG. 1 if none was enough.
climb() {
  local rung
  for rung in import tag unit ecr fetch mirror; do
    declare -F "rung_$rung" > /dev/null || continue
    log "rung $rung"
    if "rung_$rung" && add_second_name && image_is_ready; then
      RUNG=$rung
      return 0
    fi
  done
  return 1
}

# add_second_name: see needs_second_name. ctr 2.x refuses a name without a tag unless told not to check it.
add_second_name() {
  needs_second_name || return 0
  ctr_k8s 20 images tag --force --skip-reference-check "$IMAGE" "$CONFIGURED_IMAGE"
  ((RC == 0)) || tag_image "$IMAGE" "$CONFIGURED_IMAGE"
}

# pin_image: labels the image and the name by its id that the CRI keeps, so that kubelet's garbage collection spares it.
# A containerd that cannot pin ignores the label.
pin_image() {
  local name type digest rest names=("$IMAGE")
  ctr_k8s 15 images ls
  while read -r name type digest rest; do
    if [[ $digest == "$DIGEST" && ($name == sha256:* || $name == "$CONFIGURED_IMAGE") && $name != "$IMAGE" ]]; then
      names+=("$name")
    fi
  done < "$WORK/out"
  for name in "${names[@]}"; do
    ctr_k8s 15 images label "$name" "$PINNED_LABEL"
    if ((RC != 0)) && [[ $name == "$IMAGE" ]]; then
      last_line "$ERR"
      finish NotRepaired PinFailed "The image is there, but it could not be pinned: ${REPLY:-exit code $RC}"
    fi
  done
}

# wait_for_cri: containerd's CRI takes notice of an image by an event and then labels it. Until then a pod would not find it.
wait_for_cri() {
  local attempt
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    image_is_ready || break
    if [[ $IMAGE_MANAGED == true ]]; then
      return
    fi
    bounded 2 sleep 0.5 || break
  done
  [[ $IMAGE_STATE == ready ]] || finish NotRepaired "SandboxImageIncomplete" 'The image went again while it was being mended.'
  finish NotRepaired SandboxImageUnseen "The image is there, but containerd's CRI takes no notice of it."
}

# start_test_container: proves that a task of the image starts, as a sandbox would, in namespaces of its own and without
# CNI, and removes it again.
start_test_container() {
  local id="$TEST_CONTAINER-$$-$RANDOM" name state='' why reason=SandboxStartFailed
  local arguments=(run --detach --null-io --snapshotter "$SNAPSHOTTER" --label fleetmend.verify=true)
  TEST_CONTAINER_MADE=$id
  ctr_k8s 30 "${arguments[@]}" --cgroup "/fleetmend/$id" "$IMAGE" "$id"
  if [[ $ERR == *'flag provided but not defined'* ]]; then
    ctr_k8s 30 "${arguments[@]}" "$IMAGE" "$id"
  fi
  if ((RC == 0)); then
    ctr_k8s 10 tasks ls
    while read -r name _ state; do
      [[ $name != "$id" ]] || break
      state=''
    done < "$WORK/out"
  fi
  if [[ $state != RUNNING ]]; then
    last_line "$ERR"
    why=${REPLY:-its state is ${state:-unknown}}
    case $why in
      *'exec format error'*) reason=SandboxImageWrongPlatform ;;
      *'no space left on device'*) reason=DiskFull ;;
    esac
    finish NotRepaired "$reason" "The image is there, but a test container of it did not start: $why"
  fi
  remove_test_container "$id"
  TEST_CONTAINER_MADE=''
}

# remove_test_container ID: the task, the container with its snapshot, and the cgroup.
remove_test_container() {
  local folder
  ctr_k8s 15 tasks rm --force "$1"
  ctr_k8s 15 containers rm "$1"
  ctr_k8s 15 snapshots --snapshotter "$SNAPSHOTTER" rm "$1"
  for folder in /sys/fs/cgroup/fleetmend /sys/fs/cgroup/*/fleetmend; do
    [[ ! -d $folder ]] || rmdir -- "$folder" 2> /dev/null || true
  done
}

# remove_leftovers: test containers of a repair that was killed.
remove_leftovers() {
  local id leftovers=()
  ctr_k8s 15 containers ls --quiet 'labels."fleetmend.verify"==true'
  while read -r id; do
    [[ $id != "$TEST_CONTAINER"-* ]] || leftovers+=("$id")
  done < "$WORK/out"
  ((${#leftovers[@]} > 0)) || return 0
  for id in "${leftovers[@]}"; do
    log "removing $id, left by an earlier run"
    remove_test_container "$id"
  done
}

# cleanup: called by the prelude at the end, whatever the end is.
cleanup() {
  TOKEN=''
  if [[ -n $TEST_CONTAINER_MADE ]]; then
    remove_test_container "$TEST_CONTAINER_MADE"
  fi
  stop_unit
}

# read_platform: containerd's name for this machine's architecture, in PLATFORM.
read_platform() {
  PLATFORM=$(uname -m)
  case $PLATFORM in
    x86_64) PLATFORM=amd64 ;;
    aarch64) PLATFORM=arm64 ;;
  esac
}

repair() {
  take_lock exclusive
  diagnose
  remove_leftovers
  if ! fault; then
    finish_healthy
  fi
  log "$REASON_FOUND: $REPLY"
  read_platform
  if [[ $IMAGE_STATE == ready ]]; then
    RUNG=pin
  elif ! climb; then
    if [[ -z $FAILURE_REASON ]]; then
      note_failure NoLocalCopy "There is no trustworthy copy of $IMAGE on this node, and no registry that has it."
    fi
    DIGEST=''
    finish NotRepaired "$FAILURE_REASON" "$FAILURE_MESSAGE"
  fi
  pin_image
  wait_for_cri
  start_test_container
  EVIDENCE=${EVIDENCE/\"pinLabel\":false/\"pinLabel\":$IMAGE_PINNED}
  may_recur
  WILL_RECUR=$REPLY
  local message="The sandbox image is back (rung $RUNG), and a container of it started."
  if [[ $RUNG == pin ]]; then
    message='The sandbox image is pinned now, and a container of it started.'
  fi
  if [[ $PIN_SUPPORT != yes ]]; then
    message+=" containerd $CONTAINERD_VERSION cannot keep it pinned, so it may go again."
  elif disk_is_over_threshold; then
    message+=" The disk is $DISK_PERCENT % full: free some space, or grow it."
  fi
  finish Repaired "$REASON_FOUND" "$message"
}

#@ section repair-mirror

# mirror_of TAG: the public image that stands in for a pause image of that tag, by digest, in REPLY. The digests are those
# of registry.k8s.io/pause's lists of all platforms, where content behind a digest cannot change.
mirror_of() {
  local digest
  case ${1#v} in
    3.5 | 3.5[-.]*) digest=1ff6c18fbef2045af6b9c16bf034cc421a29027b800e4f9b68ae9b1cb3e9ae07 ;;
    3.6 | 3.6[-.]*) digest=3d380ca8864549e74af4b29c10f9cb0956236dfb01c40ca076fb6c37253234db ;;
    3.8 | 3.8[-.]*) digest=9001185023633d17a2f98ff69b6ff2615b8ea02a825adffa40422f51dfdcde9d ;;
    3.9 | 3.9[-.]*) digest=7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097 ;;
    3.10.1 | 3.10.1[-.]*) digest=278fb9dbcca9518083ad1e11276933a2e96f23de604a3a08cc3c80002767d24c ;;
    # Every pause image of the last years does the same; a tag that is not known gets one that is.
    *) digest=ee6521f290b2168b6e0935a181d4cff9be1ac3f505666ef0e3c98fae8199917a ;;
  esac
  REPLY=registry.k8s.io/pause@sha256:$digest
}

# rung_mirror: a public registry, where policy allows it, when the node's own could not give the image.
rung_mirror() {
  local mirror tag=''
  [[ ${IMAGE##*/} != *:* ]] || tag=${IMAGE##*:}
  mirror_of "$tag"
  mirror=$REPLY
  # fetch notes its failure under the first reason, which is the private registry's.
  fetch "$mirror" || return 1
  evidence mirror "$mirror"
  tag_image "$mirror" "$IMAGE" || return 1
  ctr_k8s 15 images rm "$mirror"
}
