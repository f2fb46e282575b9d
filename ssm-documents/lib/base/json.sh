# JSON without jq: whether a file is valid (RFC 8259), and its values, one a line. awk reads at most 64 KB in one pass, so that
# an unusual file costs milliseconds.
# shellcheck shell=bash disable=SC2016  # awk's dollars

readonly JSON_MAX_BYTES=65536

# Reads the whole file as one record. `want` is a path: if it is set, prints the position of that value instead of the values.
readonly JSON_AWK='
function fail(why) {
  line = 1
  for (k = 1; k < i; k++) if (substr(text, k, 1) == "\n") line++
  print "line " line ": " why > "/dev/stderr"
  failed = 1
  exit 1
}
function limit(why) { print why > "/dev/stderr"; failed = 2; exit 2 }
# The string that begins at i, decoded, in str; i is then at its closing quote. A control character becomes U+FFFD, so that no
# caller misreads it.
function string(  c, j, h, code) {
  str = ""
  for (i++; i <= n; i++) {
    j = i
    while (j <= n && (c = substr(text, j, 1)) != "\"" && c != "\\" && c >= " ") j++
    str = str substr(text, i, j - i)
    i = j
    if (i > n) break
    if (c == "\"") return
    if (c != "\\") fail("a control character in a string")
    c = substr(text, ++i, 1)
    if (c == "\"" || c == "\\" || c == "/") str = str c
    else if (index("bfnrt", c) && c != "") str = str "\357\277\275"
    else if (c == "u") {
      h = tolower(substr(text, i + 1, 4))
      if (h !~ /^[0-9a-f][0-9a-f][0-9a-f][0-9a-f]$/) fail("\\u without four hexadecimal digits")
      code = 0
      for (j = 1; j <= 4; j++) code = code * 16 + index("0123456789abcdef", substr(h, j, 1)) - 1
      str = str (code >= 32 && code < 127 ? sprintf("%c", code) : "\357\277\275")
      i += 4
    } else fail("an unknown escape in a string")
  }
  i = n + 1
  fail("a string does not end")
}
function value(type, content) { if (want == "") print path[depth] "\t" type "\t" content }
function span(from) { if (want != "" && path[depth] == want) print key_at[depth], from, i }
# The tokens that may follow a value.
function after() { state = depth == 0 ? "end" : (kind[depth] == "{" ? "," : ",]") }
function enter(from) {
  if (depth > 0 && kind[depth] == "[") {
    path[depth + 1] = path[depth] "/" count[depth]++
    key_at[depth + 1] = from
  }
  depth++
  if (length(path[depth]) > 512) limit("a path in it is too long")
}
function scalar(type, content, from) {
  enter(from)
  value(type, content)
  leave(from)
}
function leave(from) {
  span(from)
  depth--
  after()
}
BEGIN { RS = "\001" }
NR == 1 { text = $0 }
END {
  if (failed) exit failed
  n = length(text)
  if (n != size) { i = n + 1; fail("a character that JSON does not have") }
  depth = 0
  state = "value"
  for (i = 1; i <= n; i++) {
    c = substr(text, i, 1)
    if (c == " " || c == "\n" || c == "\t" || c == "\r" || (i < 4 && index("\357\273\277", c))) continue
    if (state == "end") fail("text after the end of the value")
    if (state == "key" || state == "key}") {
      if (c == "\"") {
        key_at[depth + 1] = i
        string()
        gsub(/~/, "~0", str)
        gsub("/", "~1", str)
        path[depth + 1] = path[depth] "/" str
        state = ":"
        continue
      }
      if (c != "}" || state == "key") fail("a key in double quotes is missing")
    } else if (state == ":") {
      if (c != ":") fail("a colon is missing")
      state = "value"
      continue
    } else if (state == "," || state == ",]") {
      if (c == ",") { state = kind[depth] == "{" ? "key" : "value"; continue }
      if (c != (kind[depth] == "{" ? "}" : "]")) fail("a comma or a closing bracket is missing")
    }
    if (c == "}" || c == "]") {
      if (state == "value" || state == ":" || (state == "value]" && c == "}")) fail("a value is missing")
      leave(open_at[depth])
      continue
    }
    if (c == "{" || c == "[") {
      enter(i)
      if (depth > 32) limit("it is nested too deeply")
      kind[depth] = c
      count[depth] = 0
      open_at[depth] = i
      value(c == "{" ? "object" : "array", "")
      state = c == "{" ? "key}" : "value]"
    } else if (c == "\"") {
      from = i
      string()
      scalar("string", str, from)
    } else {
      from = i
      word = substr(text, i, 400)
      sub(/[^-+.0-9A-Za-z].*/, "", word)
      if (word == "") fail("a value is missing")
      i += length(word) - 1
      if (word == "true" || word == "false") scalar("boolean", word, from)
      else if (word == "null") scalar("null", "", from)
      else if (word ~ /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/) scalar("number", word, from)
      else { i = from; fail("a word that JSON does not have") }
    }
  }
  if (state != "end") fail(n == 0 ? "it is empty" : "it ends too early")
}'

# json_run FILE WANT [READER]: runs the reader. 1: the JSON is invalid; 2: the reader cannot decide (too large, unreadable, no
# time left). The cause is on stderr.
json_run() {
  local size code=0
  if ! size=$(stat -L -c '%s' -- "$1" 2> /dev/null) || [[ ! -f $1 || ! -r $1 ]]; then
    printf 'it cannot be read\n' >&2
    return 2
  fi
  if ((size > JSON_MAX_BYTES)); then
    printf 'it has more than %s bytes\n' "$JSON_MAX_BYTES" >&2
    return 2
  fi
  if ((size == 0)); then
    printf 'line 1: it is empty\n' >&2
    return 1
  fi
  bounded 5 awk -v "size=$size" -v "want=$2" "${3-$JSON_AWK}" < "$1" || code=$?
  ((code < 2)) || return 2
  return "$code"
}

# json_flatten FILE: a line `path<TAB>type<TAB>value` for every value, in the file's order. The path is a JSON pointer
# (RFC 6901): `/plugins/0/type`; the path of the document is empty. Types: object, array (without a value), string, number,
# boolean, null. A control character in a string becomes U+FFFD. The exit codes are those of json_run; lines before an
# error are printed. It also prints any secret in the file: read it by `< <(json_flatten FILE)`.
json_flatten() {
  json_run "$1" ''
}

# each_value FILE HANDLER [READER]: calls `HANDLER PATH TYPE VALUE` for every line of json_flatten. The exit codes are those of
# json_run; the cause of a failure is in REPLY. It stores nothing on disk, because a file may hold secrets.
each_value() {
  local path type value code=0
  while IFS=$'\t' read -r path type value; do
    if [[ $path == code ]]; then code=$type; else "$2" "$path" "$type" "$value"; fi
  done < <(
    json_run "$1" '' "${@:3}" 2> "$WORK/why" || code=$?
    printf 'code\t%s\n' "$code"
  )
  slurp "$WORK/why"
  REPLY=${REPLY%%$'\n'*}
  return "$code"
}

# json_valid FILE: whether it is valid; 1 if not, 2 if the reader cannot decide; the cause is in REPLY.
json_valid() {
  local code=0
  REPLY=$(json_run "$1" '' 2>&1 > /dev/null) || code=$?
  REPLY=${REPLY##*$'\n'}
  return "$code"
}

# json_span FILE PATH: `from start end` in REPLY: the positions, counted from 1, of the first character of the key (in an
# array, of the value) and of the first and last character of the value. 1 where there is no such value.
json_span() {
  REPLY=$(json_run "$1" "$2" 2> /dev/null) && [[ $REPLY =~ ^[0-9]+\ [0-9]+\ [0-9]+$ ]]
}
