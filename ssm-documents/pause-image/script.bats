#!/usr/bin/env bats
# pause-image's functions, on what containerd, ctr, systemd and ECR's tools print.

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/prelude.sh"
  source "$BATS_TEST_DIRNAME/script.sh"
  REMEDIATION=pause-image ACTION=check BUDGET_SECONDS=60
  WORK=$BATS_TEST_TMPDIR
  FIXTURES=$BATS_TEST_DIRNAME/samples
}

assert_host() {
  parse_ecr_host "$1"
  [ "$ECR_ACCOUNT $ECR_REGION" = "$2 $3" ]
}

@test "finds account and region in the hosts of every partition" {
  assert_host 602401143452.dkr.ecr.us-west-2.amazonaws.com 602401143452 us-west-2
  assert_host 918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn 918309763551 cn-north-1
  assert_host 013241004608.dkr.ecr.us-gov-west-1.amazonaws.com 013241004608 us-gov-west-1
  assert_host 725322719131.dkr.ecr.us-iso-east-1.c2s.ic.gov 725322719131 us-iso-east-1
  assert_host 187977181151.dkr.ecr.us-isob-east-1.sc2s.sgov.gov 187977181151 us-isob-east-1
  assert_host 249663109785.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk 249663109785 eu-isoe-west-1
  assert_host 676585237158.dkr.ecr.us-isof-south-1.csp.hci.ic.gov 676585237158 us-isof-south-1
  assert_host 877088126301.dkr.ecr.eusc-de-east-1.amazonaws.eu 877088126301 eusc-de-east-1
}

@test "finds account and region in FIPS and dual-stack hosts" {
  assert_host 602401143452.dkr.ecr-fips.us-east-1.amazonaws.com 602401143452 us-east-1
  assert_host 602401143452.dkr-ecr.us-west-2.on.aws 602401143452 us-west-2
  assert_host 602401143452.dkr-ecr-fips.us-west-2.on.aws 602401143452 us-west-2
  assert_host 918309763551.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn 918309763551 cn-north-1
}

@test "keeps the zeros that an account begins with" {
  assert_host 066635153087.dkr.ecr.il-central-1.amazonaws.com 066635153087 il-central-1
}

@test "takes no other host for an ECR registry" {
  for host in evil.example public.ecr.aws registry.k8s.io localhost amazonaws.com/eks \
    918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn.evil.example \
    918309763551.dkr.ecr.cn-north-1.amazonaws.com \
    602401143452.dkr.ecr.us-west-2.amazonaws.com.cn \
    602401143452.dkr.ecr.us-west-2.amazonaws.comx \
    602401143452.dkr.ecr.us-west-2.on.aws \
    602401143452.dkr-ecr.us-west-2.amazonaws.com \
    602401143452.dkr.ecr.us-iso-east-1.amazonaws.com \
    602401143452.dkr.ecr.eusc-de-east-1.on.aws \
    60240114345.dkr.ecr.us-west-2.amazonaws.com \
    6024011434521.dkr.ecr.us-west-2.amazonaws.com \
    evil.602401143452.dkr.ecr.us-west-2.amazonaws.com \
    602401143452.dkr.ecr..amazonaws.com \
    602401143452.dkr.ecr.us-west-2.evil.amazonaws.com \
    602401143452.dkr.ecr.us-west-2.amazonaws.com:443; do
    run ! parse_ecr_host "$host"
  done
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

@test "lets the same image of another EKS registry stand in" {
  trusted_source 961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause:3.5 "$WANTED"
  trusted_source 961992271922.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5 "$WANTED"
  trusted_source 602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5 "$WANTED"
  trusted_source 602401143452.dkr-ecr.us-west-2.on.aws/eks/pause:3.5 "$WANTED"
}

@test "lets nothing else stand in" {
  for ref in "$WANTED" \
    evil.example/eks/pause:3.5 \
    918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn.evil.example/eks/pause:3.5 \
    111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5 \
    602401143452.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5 \
    918309763551.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5 \
    961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause:3.6 \
    961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/evil/pause:3.5 \
    961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause \
    sha256:9420f0294e67db07215b9d3c69dcfbd6a199b5e188e5f0f00245ce2047bce8ad \
    evil.example/918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5; do
    run ! trusted_source "$ref" "$WANTED"
  done
}

@test "reads the sandbox image of containerd 1.6, imports merged" {
  parse_runtime_config "$FIXTURES/containerd-1.6-config-dump.toml"
  [ "$CONFIGURED_IMAGE" = "$WANTED" ]
  [ "$SNAPSHOTTER" = overlayfs ]
  [ "$CONTAINERD_ROOT" = /var/lib/containerd ]
  [ "$CONTAINERD_SOCKET" = /run/containerd/containerd.sock ]
}

@test "reads the sandbox image of containerd 2.x, with single quotes" {
  parse_runtime_config "$FIXTURES/containerd-2.1-config-dump.toml"
  [ "$CONFIGURED_IMAGE" = localhost/kubernetes/pause:latest ]
  [ "$SNAPSHOTTER" = soci ]
  [ "$CONTAINERD_ROOT" = /mnt/containerd ]
}

@test "takes no other plugin's keys for the sandbox image" {
  printf '%s\n' 'root = "/r"' '[plugins."io.containerd.cri.v1.runtime"]' '  sandbox = "no"' \
    '[plugins."other.pinned_images"]' '  sandbox = "no"' '[plugins."x"]' '  sandbox_image = "no"' > "$WORK/dump"
  parse_runtime_config "$WORK/dump"
  [ -z "$CONFIGURED_IMAGE" ]
}

@test "accepts image references and nothing that a shell could misread" {
  for ref in "$WANTED" localhost/kubernetes/pause localhost:5000/a/b:1 registry.k8s.io/pause:3.10.1 pause:3.6 \
    registry.k8s.io/pause@sha256:ee6521f290b2168b6e0935a181d4cff9be1ac3f505666ef0e3c98fae8199917a; do
    [[ $ref =~ $REFERENCE ]]
  done
  for ref in '' 'a b' 'a"b' 'a/b:$(id)' 'a/b;id' 'a/b:x"]' '-rf' 'a/../b' 'a/b:`id`' $'a/b\nc' 'A/b' 'a/b@sha256:12'; do
    [[ ! $ref =~ $REFERENCE ]]
  done
}

@test "looks an image up under its full name" {
  for pair in 'localhost/kubernetes/pause localhost/kubernetes/pause:latest' "$WANTED $WANTED" \
    'pause:3.6 docker.io/library/pause:3.6' 'me/pause docker.io/me/pause:latest' \
    'localhost:5000/pause localhost:5000/pause:latest'; do
    full_reference "${pair% *}"
    [ "$REPLY" = "${pair#* }" ]
  done
}

@test "knows which containerd wants the untagged name too" {
  CONFIGURED_IMAGE=localhost/kubernetes/pause IMAGE=localhost/kubernetes/pause:latest
  for CONTAINERD_VERSION in 2.3.0 2.3.4 2.10.0 3.0.0; do needs_second_name; done
  for CONTAINERD_VERSION in 1.6.20 1.7.27 2.0.1 2.2.4; do run ! needs_second_name; done
  CONTAINERD_VERSION=2.3.0 CONFIGURED_IMAGE=$IMAGE
  run ! needs_second_name
}

@test "knows which containerd can pin" {
  for pair in 1.4.6:none 1.6.21:none 1.6.22:restart 1.6.24:restart 1.6.25:yes 1.6.36:yes 1.7.0:none 1.7.2:none \
    1.7.3:restart 1.7.9:restart 1.7.10:yes 1.7.27:yes 2.0.0:yes 2.3.4:yes 1.10.0:yes; do
    pin_support "${pair%:*}"
    [ "$REPLY" = "${pair#*:}" ]
  done
}

@test "knows the sandbox image of a silent configuration" {
  for pair in 1.6.20=3.6 1.7.2=3.8 2.0.1=3.10 2.1.4=3.10 2.2.1=3.10.1 2.3.0=3.10.2; do
    default_image "${pair%=*}"
    [ "$REPLY" = "registry.k8s.io/pause:${pair#*=}" ]
  done
}

LIST_HEADER='REF TYPE DIGEST SIZE PLATFORMS LABELS'
A_DIGEST=sha256:de86dc159c29134e5c4d2dd498815d7b0f0605a7e25a63541de7a73bc140c7de

@test "reads digest, pin and the CRI's mark from the list of images" {
  printf '%s\n' "$LIST_HEADER" \
    "$WANTED-x application/vnd t sha256:0 1 B linux/amd64 -" \
    "$WANTED   application/vnd.oci $A_DIGEST 890.0 B linux/amd64,linux/arm64 io.cri-containerd.image=managed,io.cri-containerd.pinned=pinned  " > "$WORK/list"
  read_image_row "$WANTED" "$WORK/list"
  [ "$DIGEST $IMAGE_PINNED $IMAGE_MANAGED" = "$A_DIGEST true true" ]
}

@test "takes a label that only looks like the pin for none" {
  printf '%s\n' "$WANTED x $A_DIGEST 890.0 B linux/amd64 io.cri-containerd.image=managed,my.io.cri-containerd.pinned=pinned" > "$WORK/list"
  read_image_row "$WANTED" "$WORK/list"
  [ "$IMAGE_PINNED $IMAGE_MANAGED" = 'false true' ]
}

@test "misses an image that is not listed" {
  printf '%s\n' "$LIST_HEADER" "evil.example/eks/pause:3.5 x $A_DIGEST 1.0 B linux/amd64 -" > "$WORK/list"
  run ! read_image_row "$WANTED" "$WORK/list"
}

@test "calls an image usable when it is complete or unpacked, and only then" {
  row() { printf '%s\n' 'REF TYPE DIGEST STATUS SIZE UNPACKED' "$WANTED t $A_DIGEST $1" > "$WORK/check"; }
  row 'complete (2/2) 489.0 B/489.0 B false' && read_check_row "$WANTED" "$WORK/check"
  row 'complete (2/2) 489.0 B/489.0 B true' && read_check_row "$WANTED" "$WORK/check"
  row 'incomplete (1/2) 317.0 B/489.0 B true   ' && read_check_row "$WANTED" "$WORK/check"
  row 'incomplete (1/2) 317.0 B/489.0 B false'
  run ! read_check_row "$WANTED" "$WORK/check"
  row 'missing (0/?) 0.0 B/? false'
  run ! read_check_row "$WANTED" "$WORK/check"
  run ! read_check_row "$WANTED-other" "$WORK/check"
}

@test "reads kubelet's flags in both forms" {
  printf '%s\0' /usr/bin/kubelet --config /etc/kubernetes/kubelet/config.json --config-dir=/etc/k.d -v 2 \
    --container-runtime-endpoint=unix:///run/containerd/containerd.sock --pod-infra-container-image "$WANTED" \
    --image-credential-provider-bin-dir /etc/eks/x --image-credential-provider-config=/etc/eks/x/config.json > "$WORK/cmdline"
  parse_kubelet_arguments "$WORK/cmdline"
  [ "$KUBELET_CONFIG $KUBELET_CONFIG_DIR" = '/etc/kubernetes/kubelet/config.json /etc/k.d' ]
  [ "$KUBELET_SANDBOX_IMAGE" = "$WANTED" ]
  [ "$KUBELET_ENDPOINT" = unix:///run/containerd/containerd.sock ]
  [ "$CREDENTIAL_BIN_DIR $CREDENTIAL_CONFIG" = '/etc/eks/x /etc/eks/x/config.json' ]
  [ -z "$GC_HIGH_PERCENT" ]
}

@test "reads containerd's configuration file and socket from its arguments" {
  printf '%s\0' /usr/bin/containerd --config /etc/x.toml -a /run/y.sock > "$WORK/cmdline"
  parse_containerd_arguments "$WORK/cmdline"
  [ "$CONTAINERD_CONFIG $CONTAINERD_SOCKET" = '/etc/x.toml /run/y.sock' ]
  printf '%s\0' containerd -c=/etc/z.toml > "$WORK/cmdline"
  parse_containerd_arguments "$WORK/cmdline"
  [ "$CONTAINERD_CONFIG" = /etc/z.toml ]
}

@test "takes the garbage collection threshold from flag, drop-in, file and default, in this order" {
  mkdir "$WORK/d"
  read_kubelet_config
  [ "$GC_HIGH_PERCENT" = 85 ]
  printf '{"kind":"KubeletConfiguration","imageGCHighThresholdPercent": 75}' > "$WORK/config.json"
  GC_HIGH_PERCENT='' KUBELET_CONFIG=$WORK/config.json
  read_kubelet_config
  [ "$GC_HIGH_PERCENT" = 75 ]
  printf 'imageGCHighThresholdPercent: 70\n' > "$WORK/d/40-x.conf"
  GC_HIGH_PERCENT='' KUBELET_CONFIG_DIR=$WORK/d
  read_kubelet_config
  [ "$GC_HIGH_PERCENT" = 70 ]
  GC_HIGH_PERCENT=60
  read_kubelet_config
  [ "$GC_HIGH_PERCENT" = 60 ]
}

@test "finds the process ids in systemd's own order of properties" {
  printf '%s\n' MainPID=812 Id=containerd.service ActiveState=active '' MainPID=0 Id=kubelet.service \
    ActiveState=inactive '' MainPID=990 Id=snap.kubelet-eks.daemon.service ActiveState=active > "$WORK/show"
  CONTAINERD_PID='' KUBELET_PID=''
  parse_services "$WORK/show"
  [ "$CONTAINERD_PID $CONTAINERD_STATE $KUBELET_PID" = '812 active 990' ]
}

@test "names the reason behind a token tool's error" {
  while IFS='|' read -r reason text; do
    token_failure_reason "$text" 1
    [ "$REPLY" = "$reason" ]
  done < "$FIXTURES/token-errors.txt"
  token_failure_reason '' 124
  [ "$REPLY" = RegistryUnreachable ]
}

@test "names the reason behind an error of the fetch" {
  while IFS='|' read -r reason text; do
    fetch_failure_reason "$text" 1
    [ "$REPLY" = "$reason" ]
  done < "$FIXTURES/fetch-errors.txt"
  fetch_failure_reason '' 124
  [ "$REPLY" = RegistryUnreachable ]
}

@test "tells the operator which role lacks which permission" {
  printf '%s\n' 'api error AccessDeniedException: User: arn:aws-cn:sts::111122223333:assumed-role/My-Node.Role/i-0123456789abcdef0 is not authorized to perform: ecr:GetAuthorizationToken' > "$WORK/err"
  run ! note_token_failure provider 1
  note_token_failure provider 1 || true
  [ "$FAILURE_REASON" = NodeRoleLacksECR ]
  [[ $FAILURE_MESSAGE == *'My-Node.Role'*'ecr:GetAuthorizationToken on resource *'* ]]
}

@test "tells the first failure, since the later rungs are fallbacks" {
  note_failure RegistryDenied one
  note_failure NoLocalCopy two
  [ "$FAILURE_REASON $FAILURE_MESSAGE" = 'RegistryDenied one' ]
}

@test "takes a token from each tool's answer, and no empty or strange one" {
  take_token '{"auth":{"h":{"username":"AWS","password":"abc+/="}}}' '"password"[[:space:]]*:[[:space:]]*"([^"]+)"'
  [ "$TOKEN" = abc+/= ]
  take_token $'abc=\n' '^([^[:space:]]+)[[:space:]]*$'
  [ "$TOKEN" = abc= ]
  for answer in '' '{"auth":{"h":{"password":""}}}' '{"password":"a\nb"}' '{"password":"a\"]"}'; do
    run ! take_token "$answer" '"password"[[:space:]]*:[[:space:]]*"([^"]+)"'
  done
}

@test "asks the credential provider in the version of the node's configuration" {
  IMAGE=$WANTED
  credential_request ''
  [ "$REPLY" = '{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"CredentialProviderRequest","image":"'"$WANTED"'"}' ]
  printf '%s\n' 'providers:' '- name: ecr-credential-provider' '  apiVersion: credentialprovider.kubelet.k8s.io/v1alpha1' > "$WORK/config"
  credential_request "$WORK/config"
  [[ $REPLY == *'.k8s.io/v1alpha1"'* ]]
}

@test "finds what is wrong with the image, and whether a pin would help" {
  IMAGE_STATE=absent
  fault
  [ "$REASON_FOUND" = SandboxImageMissing ]
  IMAGE_STATE=incomplete
  fault
  [ "$REASON_FOUND" = SandboxImageIncomplete ]
  IMAGE_STATE=ready IMAGE_PINNED=false PIN_SUPPORT=yes GC_HIGH_PERCENT=85
  fault
  [ "$REASON_FOUND" = SandboxImageUnpinned ]
  PIN_SUPPORT=none
  run ! fault
  PIN_SUPPORT=restart
  run ! fault
  PIN_SUPPORT=yes IMAGE_PINNED=true
  run ! fault
}

@test "foresees that the fault comes back without a pin or with a full disk" {
  GC_HIGH_PERCENT=85 DISK_PERCENT=84 PIN_SUPPORT=yes
  may_recur && [ "$REPLY" = false ]
  DISK_PERCENT=85
  may_recur && [ "$REPLY" = true ]
  DISK_PERCENT=10 PIN_SUPPORT=none
  may_recur && [ "$REPLY" = true ]
}

@test "computes the disk's use as kubelet does" {
  bounded() { printf '1000 140 100 50\n'; }
  read_disk
  [ "$DISK_PERCENT" = 86 ]
}

@test "names the cause: a full disk, then the journal, then another image of kubelet's, then the missing pin" {
  journal_shows_gc() { false; }
  IMAGE=$WANTED CONFIGURED_IMAGE=$WANTED IMAGE_STATE=absent GC_HIGH_PERCENT=85 DISK_PERCENT=50 PIN_SUPPORT=yes
  find_cause
  [ -z "$CAUSE" ]
  PIN_SUPPORT=none
  find_cause
  [ "$CAUSE" = PinningUnsupported ]
  KUBELET_SANDBOX_IMAGE=registry.k8s.io/pause:3.5
  find_cause
  [ "$CAUSE" = SandboxImageMismatch ]
  journal_shows_gc() { true; }
  find_cause
  [ "$CAUSE" = ImageGCPressure ]
  journal_shows_gc() { false; }
  DISK_PERCENT=85
  find_cause
  [ "$CAUSE" = ImageGCPressure ]
}

@test "has a mirror by digest for every tag" {
  for tag in 3.5 3.5-eksbuild.1 v3.9 3.10 3.10.1 latest ''; do
    mirror_of "$tag"
    [[ $REPLY =~ ^registry\.k8s\.io/pause@sha256:[0-9a-f]{64}$ ]]
  done
  mirror_of 3.10.1 && [[ $REPLY == *278fb9db* ]]
  mirror_of 3.10 && [[ $REPLY == *ee6521f2* ]]
  mirror_of 3.5-eksbuild.1 && [[ $REPLY == *1ff6c18f* ]]
}

@test "sends the token to the image's host and no other" {
  write_hosts_file h.example c2VjcmV0 > "$WORK/hosts.toml"
  [ "$(grep -c 'Basic c2VjcmV0' "$WORK/hosts.toml")" -eq 2 ]
  [ "$(grep -o 'https://[a-z.]*' "$WORK/hosts.toml" | sort -u)" = https://h.example ]
}
