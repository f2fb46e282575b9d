#!/usr/bin/env bash
# Lints every shell file of the repository, so that none is forgotten.
set -o errexit -o nounset -o pipefail
cd "$(dirname "$0")/.."
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.sh' '*.bats' '.ci/run')
[ "${#files[@]}" -gt 0 ] || {
  echo 'no shell files found' >&2
  exit 1
}
mapfile -t scripts < <(printf '%s\n' "${files[@]}" | grep -v '\.bats$')
mapfile -t suites < <(printf '%s\n' "${files[@]}" | grep '\.bats$')
shfmt -d -i 2 -bn -ci -sr "${scripts[@]}"
shfmt -d -i 2 -bn -ci -sr -ln bats "${suites[@]}"
shellcheck --severity=style --external-sources "${files[@]}"
# What runs on a node runs under bash 4.2 too. The parts for bats alone lie in folders called test.
mapfile -t documents < <(printf '%s\n' "${scripts[@]}" | grep '^ssm-documents/' | grep -v '/test/')
node test/check-shell-rules.ts "${documents[@]}"
echo "${#files[@]} shell files are clean"
