#!/usr/bin/env bats
# JSON without jq.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2034,SC2153,SC2154,SC2317  # the sourced script reads, sets and calls

bats_require_minimum_version 1.5.0

setup() {
  source "$BATS_TEST_DIRNAME/../testing/load.sh"
  load_script "$BATS_TEST_DIRNAME/json.sh"
  FILE=$WORK/x.json
}

# flat TEXT: the output of json_flatten, with spaces for tabs.
flat() {
  printf '%s' "$1" > "$FILE"
  json_flatten "$FILE" | tr '\t' ' '
}

@test "prints every value with its path and its type, in the file's order" {
  [ "$(flat '{ "name": "aws-cni", "plugins": [ {"type":"aws-cni","mtu":9001}, {"up":true,"x":null,"y":{},"z":[]} ] }')" = " object 
/name string aws-cni
/plugins array 
/plugins/0 object 
/plugins/0/type string aws-cni
/plugins/0/mtu number 9001
/plugins/1 object 
/plugins/1/up boolean true
/plugins/1/x null 
/plugins/1/y object 
/plugins/1/z array " ]
}

@test "decodes strings, and replaces control characters" {
  [ "$(flat '{"a/b~c": "\"\\\/ \u0041 \n\u0000\u000a|"}' | tail -n 1)" = $'/a~1b~0c string "\\/ A \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|' ]
  [ "$(flat '["é"]' | tail -n 1)" = '/0 string é' ]
}

@test "accepts valid JSON" {
  for text in '5' '"x"' 'null' ' [ ] ' '{}' '[[[]]]' '[{}]' '-0.5e-3' $'{\n\t"a": [1,\r\n2]\n}\n' '{"a":1,"a":2}' '{"":{"":""}}'; do
    printf '%s' "$text" > "$FILE"
    json_valid "$FILE" || { echo "$text: $REPLY" && false; }
    [ -z "$REPLY" ]
  done
}

@test "rejects invalid JSON, and reports the line" {
  while IFS= read -r text; do
    printf '%s' "$text" > "$FILE"
    code=0
    json_valid "$FILE" || code=$?
    [ "$code $REPLY" != "1 ${REPLY#line 1: }" ] && [ "$code" = 1 ] || { echo "$text: $code $REPLY" && false; }
  done < <(printf '%s\n' '' ' ' '{' '[' '[1,]' '{"a":1,}' '{,}' '[,1]' '{"a"}' '{"a":}' '{"a" 1}' '{a:1}' "{'a':1}" \
    'tru' 'True' 'nullx' '01' '1.' '+1' '.5' '-' '1e' '"a' '"\x"' '"\u12g4"' '[1 2]' '{"a":1 "b":2}' '[1]]' '[}' '{]' \
    '[1}' '{"a":1]' '{"a":[}' '{} {}' '// x' '[1,,2]' '"a	b"' 'name: x' '{"a":{}')
  printf '{\n  "a": 1\n  "b": 2\n}\n' > "$FILE"
  run ! json_valid "$FILE"
  refute json_valid "$FILE"
  [ "$REPLY" = 'line 3: a comma or a closing bracket is missing' ]
  printf '{"a":1}\0' > "$FILE"
  refute json_valid "$FILE"
  printf '{"a":"\001"}' > "$FILE"
  refute json_valid "$FILE"
}

@test "reports that it cannot decide about a file that is too large, too deep or missing" {
  code=0
  json_valid "$WORK/none" || code=$?
  [ "$code $REPLY" = '2 it cannot be read' ]
  json_valid "$WORK" || code=$?
  [ "$code" = 2 ]
  { printf '"' && head -c 70000 /dev/zero | tr '\0' x && printf '"'; } > "$FILE"
  json_valid "$FILE" || code=$?
  [ "$code $REPLY" = '2 it has more than 65536 bytes' ]
  { head -c 40 /dev/zero | tr '\0' '[' && head -c 40 /dev/zero | tr '\0' ']'; } > "$FILE"
  json_valid "$FILE" || code=$?
  [ "$code $REPLY" = '2 it is nested too deeply' ]
  { printf '{"' && head -c 600 /dev/zero | tr '\0' k && printf '":1}'; } > "$FILE"
  json_valid "$FILE" || code=$?
  [ "$code $REPLY" = '2 a path in it is too long' ]
}

@test "finds the positions of a value and its key" {
  span() {
    printf '%s' "$1" > "$FILE"
    json_span "$FILE" "$2"
  }
  span '{"a": [1, "x"], "b.c": {"d": 2}}' /a && [ "$REPLY" = '2 7 14' ]
  span '{"a": [1, "x"], "b.c": {"d": 2}}' /a/1 && [ "$REPLY" = '11 11 13' ]
  span '{"a": [1, "x"], "b.c": {"d": 2}}' /b.c && [ "$REPLY" = '17 24 31' ]
  refute span '{"a":1}' /b
  refute span '{"a":1' /a
}
