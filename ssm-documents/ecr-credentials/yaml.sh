# Reads the YAML in which people and older AMIs write provider configurations: one key and value a line, block lists, plain
# quotes. It does not support more (anchors, flow collections, block scalars, escapes).
#@ use base/json
# shellcheck shell=bash disable=SC2016  # awk's dollars

readonly YAML_AWK='
function stop(code, why) { print "line " NR ": " why > "/dev/stderr"; failed = code; exit code }
function foreign() { stop(2, "unsupported YAML") }
function put(where, text) {
  if (text ~ /^("[^"\\]*"|\047[^\047]*\047)$/) text = substr(text, 2, length(text) - 2)
  else if (text ~ /^\*/) stop(1, "a value that begins with * must be in quotes")
  else if (text ~ /^[][{}&!|>%@`?"\047]|: /) foreign()
  if (want == "") print where "\tstring\t" text
  else if (where == want) print NR, column
}
/\t/ { foreign() }
/^ *(#|$)/ || $0 == "---" { next }
{
  sub(/\r$/, "")
  sub(/ +(#[^"\047]*)?$/, "")
  match($0, /^ */)
  column = RLENGTH
  text = substr($0, column + 1)
  dash = text ~ /^- /
  sub(/^- +/, "", text)
  if (!match(text, /^[A-Za-z]+:( +|$)/)) {
    if (!dash || list == "") foreign()
    put("/providers/" n - 1 "/" list "/" items++, text)
    next
  }
  key = text
  sub(/:.*/, "", key)
  text = substr(text, RLENGTH + 1)
  if (column == 0 && !dash) { root = key; list = ""; if (text != "") put("/" key, text); next }
  if (root != "providers") foreign()
  if (dash && n == 0) first = column
  if (dash && column == first) { n++; list = "" }
  if (list == "env" && column > first + 2 - (dash ? 1 : 0)) {
    if (dash) items++
    put("/providers/" n - 1 "/env/" items "/" key, text)
    next
  }
  list = text == "" ? key : ""
  items = 0
  if (text != "") put("/providers/" n - 1 "/" key, text)
}
END { if (failed) exit failed }'

# yaml_run FILE WANT: like json_run. Where WANT is the path of a list item, it prints its line and the column of its dash.
yaml_run() {
  json_run "$1" "$2" "$YAML_AWK"
}
