#!/usr/bin/env bash
# The hash that SSM reports for a document is the SHA-256 of the content as it was given, CloudFormation passes a content
# that is a string unchanged, and SSM gives it back unchanged.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'four SSM documents (two by a CloudFormation stack) that nothing runs' 'nothing' '2 minutes'

delete_document() { try ssm delete-document --name "$1" || [[ $(last_error) == *InvalidDocument* ]]; }
hash_of() { call ssm describe-document --name "$1" --query Document.Hash; }
content_of() { call ssm get-document --name "$1" --document-format JSON --query Content; }
sha256_of() { sha256sum | cut -d ' ' -f 1; }
same() { if [[ $1 == "$2" ]]; then printf yes; else printf no; fi; }

name=$(new_name hash)
# Keys that are not in alphabetical order, no spaces: a second serialization would show.
raw='{"schemaVersion":"2.2","mainSteps":[{"precondition":{"StringEquals":["platformType","Linux"]},"name":"probe","action":"aws:runShellScript","inputs":{"runCommand":["true"]}}],"description":"probe"}'

step 'creating two documents that differ in spaces alone'
printf '%s' "$raw" > "$WORK/raw.json"
printf '%s' "${raw//,/, }" > "$WORK/spaced.json"
for which in raw spaced; do
  undo delete_document "$name-$which"
  call ssm create-document --name "$name-$which" --document-type Command --document-format JSON \
    --content "file://$WORK/$which.json" --query DocumentDescription.Name > /dev/null
done

cat > "$WORK/template.yaml" << YAML
Resources:
  String:
    Type: AWS::SSM::Document
    Properties: {Name: $name-string, DocumentType: Command, DocumentFormat: JSON, Content: '$raw'}
  Object:
    Type: AWS::SSM::Document
    Properties: {Name: $name-object, DocumentType: Command, DocumentFormat: JSON, Content: $raw}
YAML
create_stack "$name" "$WORK/template.yaml"

step 'comparing hashes and contents'
# One call in each assignment: a failure inside of another expansion would go unnoticed.
raw_hash=$(hash_of "$name-raw")
raw_content=$(content_of "$name-raw")
spaced_hash=$(hash_of "$name-spaced")
string_hash=$(hash_of "$name-string")
string_content=$(content_of "$name-string")
object_hash=$(hash_of "$name-object")
sha256=$(printf '%s' "$raw" | sha256_of)

is_sha256=$(same "$raw_hash" "$sha256")
spaces_count=no
[[ $spaced_hash == "$raw_hash" ]] || spaces_count=yes
comes_back=$(same "$raw_content" "$raw")
string_passes=$(same "$string_hash" "$raw_hash")
string_comes_back=$(same "$string_content" "$raw")
object_passes=$(same "$object_hash" "$raw_hash")

saw="the hash is SHA-256 of the raw content: $is_sha256; other spaces change it: $spaces_count; GetDocument gives the raw content back: $comes_back; a string passes CloudFormation unchanged: $string_passes (hash), $string_comes_back (content); an object does: $object_passes"
if [[ $is_sha256$spaces_count$comes_back$string_passes$string_comes_back == yesyesyesyesyes ]]; then
  verdict PROVEN "$saw"
fi
verdict REFUTED "$saw"
