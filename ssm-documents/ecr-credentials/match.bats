#!/usr/bin/env bats
# matchImages, as kubelet evaluates it.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/match.sh"
}

# table FUNCTION: runs FUNCTION for each line `yes|no LEFT RIGHT` of the standard input.
table() {
  local want left right got
  while read -r want left right; do
    got=no
    ! "$1" "$left" "$right" || got=yes
    [ "$got" = "$want" ] || {
      echo "$1 '$left' '$right': $got, not $want"
      return 1
    }
  done
}

@test "matches what kubelet matches, and nothing else" {
  table matches_image < <(printf '%s\n' \
    'yes *.dkr.ecr.*.amazonaws.com 602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause' \
    'no *.dkr.ecr.*.amazonaws.com 918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause' \
    'no *.dkr.ecr.*.amazonaws.cn 918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause' \
    'yes *.dkr.ecr.*.amazonaws.com.cn 918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause' \
    'yes *.dkr.ecr.*.amazonaws.*.cn 918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn' \
    'no *.dkr.ecr.*.amazonaws.* 918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn' \
    'no * 918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn' \
    'yes *.*.*.*.*.*.* 918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn' \
    'no *.dkr.ecr.*.amazonaws.com 602401143452.dkr.ecr-fips.us-gov-west-1.amazonaws.com/x' \
    'yes *.dkr.ecr*.*.amazonaws.com 602401143452.dkr.ecr-fips.us-gov-west-1.amazonaws.com/x' \
    'no *.dkr.ecr.*.amazonaws.com 602401143452.dkr-ecr.us-west-2.on.aws/x' \
    'yes *.dkr-ecr.*.on.aws 602401143452.dkr-ecr.us-west-2.on.aws/x' \
    'yes 6024*.dkr.ecr.us-*-2.amazonaws.com 602401143452.dkr.ecr.us-west-2.amazonaws.com' \
    'no 918*.dkr.ecr.*.amazonaws.com 602401143452.dkr.ecr.us-west-2.amazonaws.com' \
    'no *.DKR.ecr.*.amazonaws.com 602401143452.dkr.ecr.us-west-2.amazonaws.com' \
    'no .dkr.ecr.*.amazonaws.com 602401143452.dkr.ecr.us-west-2.amazonaws.com' \
    'no *.dkr.ecr.*.amazonaws.com. 602401143452.dkr.ecr.us-west-2.amazonaws.com')
}

@test "compares ports, and the path as a prefix" {
  table matches_image < <(printf '%s\n' \
    'yes *.example.com:5000 a.example.com:5000/x' \
    'no *.example.com a.example.com:5000/x' \
    'no *.example.com:5000 a.example.com/x' \
    'no *.example.com:443 a.example.com/x' \
    'yes *.example.com: a.example.com/x' \
    'no *.example.com:* a.example.com:5000' \
    'no *.example.com:50:00 a.example.com:5000' \
    'yes a.example.com/eks a.example.com/eks/pause' \
    'yes a.example.com/eks a.example.com/eksotic' \
    'no a.example.com/eks/ a.example.com/eks' \
    'no a.example.com/eks a.example.com/x/eks' \
    'no a.example.com/* a.example.com/eks' \
    'no https://a.example.com a.example.com')
}

@test "reads a pattern as Go reads a URL" {
  table matches_image < <(printf '%s\n' \
    'yes user@a.example.com a.example.com' \
    'yes a.example.com#x a.example.com' \
    'yes a.example.com?x a.example.com' \
    'no a.exampl?.com a.example.com' \
    'yes a.exampl[a-f].com a.example.com' \
    'yes a.exampl[!e].com a.example.com' \
    'no a.exampl[^a].com a.example.com' \
    'no [a].example.com a.example.com' \
    'no a[^x]b.com a.b.com' \
    'no a[+-9]b.com a.b.com' \
    'yes a[+-9]b.com a-b.com' \
    'no a[*]b.com axb.com')
  for pattern in 'a b' 'a^b' 'a|b' 'a\b' 'a%41' '[::1' $'a\tb' 'a:x' 'a{b}'; do
    refute split_url "$pattern"
  done
}

@test "matches a label as filepath.Match does" {
  table matches_host < <(printf '%s\n' \
    'yes abc abc' 'no abc ab' 'no ab abc' 'yes * abc' 'yes a* abc' 'yes *c abc' 'no *b abc' 'yes a*c abc' 'yes a*b*c abxbyc' \
    'no a*b*c abxbyd' 'yes ** abc' 'yes *ecr* ecr' 'yes *ecr* xecr-fips' \
    'yes [abc] b' 'no [abc] d' 'yes [a-c]x bx' 'no [a-c] d' 'yes [^a-c] d' 'no [^a-c] b' 'yes [!a] !' 'yes [!a] a' \
    'no [!a] b' 'no []a] a' 'no [] a' 'no [a a' 'no [-] -' 'no [a-] -' 'no [x-] x' 'no [--x] x' 'no [a-b-c] a' \
    'yes [a-cx-z] y' 'no [z-a] m' 'yes *[0-9]* us-west-2' 'yes us-*-[12] us-east-1' 'no us-*-[12] us-east-3' \
    'yes [[] [' 'yes x[[:a]y x:y' 'yes (a|b) (a|b)' 'no +(a) aa' 'no @(a) a' 'yes *a*a*a*a*a*b aaaaaaaaaaaaaaaaaaaaaaaaab' \
    'no *a*a*a*a*a*b aaaaaaaaaaaaaaaaaaaaaaaaac')
  matches_host '*' ''
  matches_host '' ''
  refute matches_host '' a
}

@test "writes the pattern for a host as the AMIs write it" {
  while read -r host region pattern; do
    pattern_for "$host" "$region"
    [ "$REPLY" = "$pattern" ]
    matches_image "$REPLY" "$host/eks/pause"
  done < <(printf '%s\n' \
    '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn cn-north-1 *.dkr.ecr.*.amazonaws.com.cn' \
    '602401143452.dkr.ecr.us-west-2.amazonaws.com us-west-2 *.dkr.ecr.*.amazonaws.com' \
    '151742754352.dkr.ecr-fips.us-gov-east-1.amazonaws.com us-gov-east-1 *.dkr.ecr-fips.*.amazonaws.com' \
    '602401143452.dkr-ecr.us-west-2.on.aws us-west-2 *.dkr-ecr.*.on.aws')
}
