#!/usr/bin/env bats
# ECR hosts of every partition, and the images that may replace another.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/ecr.sh"
}

WANTED=918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5

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

@test "accepts no other host as an ECR registry" {
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

@test "accepts the same image of another EKS registry" {
  trusted_source 961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn/eks/pause:3.5 "$WANTED"
  trusted_source 961992271922.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5 "$WANTED"
  trusted_source 602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5 "$WANTED"
  trusted_source 602401143452.dkr-ecr.us-west-2.on.aws/eks/pause:3.5 "$WANTED"
}

@test "accepts no other image" {
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
