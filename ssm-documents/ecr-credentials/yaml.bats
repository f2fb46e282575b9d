#!/usr/bin/env bats
# The YAML of provider configurations.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../lib/testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/yaml.sh"
}

@test "reads lists at either depth, quotes, comments and environments" {
  printf '%s\n' '# x' '---' 'kind: K' 'providers:' '- name: "a" # c' '  env:' '  - name: HOME' '    value: /root' '  matchImages:' \
    "  - '*.x.y'" '  - b.c' '- matchImages:' '    -   "q#r"' '  name: b' 'apiVersion: Z' > "$WORK/x"
  [ "$(yaml_run "$WORK/x" '' | tr '\t' ' ')" = '/kind string K
/providers/0/name string a
/providers/0/env/1/name string HOME
/providers/0/env/1/value string /root
/providers/0/matchImages/0 string *.x.y
/providers/0/matchImages/1 string b.c
/providers/1/matchImages/0 string q#r
/providers/1/name string b
/apiVersion string Z' ]
  [ "$(yaml_run "$WORK/x" /providers/0/matchImages/0)" = '10 2' ]
  [ "$(yaml_run "$WORK/x" /providers/1/matchImages/0)" = '13 4' ]
}

@test "refuses an unquoted star as YAML, and decides nothing about unsupported YAML" {
  local code
  while IFS='|' read -r wanted text; do
    printf '%b' "$text" > "$WORK/x"
    code=0
    yaml_run "$WORK/x" '' > /dev/null 2>&1 || code=$?
    [ "$code" = "$wanted" ] || { echo "$text: $code" && false; }
  done < <(printf '%s\n' '1|providers:\n- matchImages:\n  - *.a.b\n' '2|a: &x b\n' '2|a: [b]\n' '2|a: {b: c}\n' '2|a: |\n  b\n' \
    '2|a: "b\\\\n"\n' '2|\ta: b\n' '2|just text\n' '2|a:\n  b: c\n' '2|providers:\n-\n  name: x\n' '0|a: b\n' '0|\n')
}
