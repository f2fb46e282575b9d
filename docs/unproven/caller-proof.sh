#!/usr/bin/env bash
# AWS STS names the caller of a GetCallerIdentity that was signed with a header of our own, x-fleetmend-request, and refuses
# the same request where that header has another value or is missing. No right is needed for it.
# shellcheck disable=SC2317 # poll and undo call functions by their names
# shellcheck source-path=SCRIPTDIR source=shared.sh
source "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

begin "$@"
plan 'one Lambda function with its role and log group (a CloudFormation stack)' 'less than 1 cent' '2 minutes'

name=$(new_name proof)
# As operator-api sends it: content type and user agent are not signed.
{
  printf 'Resources:\n'
  function_resources "$name" python3.12 x86_64 << 'PYTHON'
import datetime, hashlib, hmac, os, re, urllib.error, urllib.request
BODY = 'Action=GetCallerIdentity&Version=2011-06-15'
OWN = 'x-fleetmend-request'
def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()
def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
def signed(host, region):
    date = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
    scope = '/'.join([date[:8], region, 'sts', 'aws4_request'])
    headers = {'host': host, 'x-amz-date': date,
        'x-amz-security-token': os.environ['AWS_SESSION_TOKEN'], OWN: sha256('the stack and the request')}
    names = ';'.join(sorted(headers))
    lines = ''.join(name + ':' + headers[name] + '\n' for name in sorted(headers))
    request = '\n'.join(['POST', '/', '', lines, names, sha256(BODY)])
    text = '\n'.join(['AWS4-HMAC-SHA256', date, scope, sha256(request)])
    key = ('AWS4' + os.environ['AWS_SECRET_ACCESS_KEY']).encode()
    for part in scope.split('/'):
        key = mac(key, part)
    headers['authorization'] = 'AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s' % (
        os.environ['AWS_ACCESS_KEY_ID'], scope, names, mac(key, text).hex())
    return headers
def send(host, headers):
    headers = dict(headers, **{'content-type': 'application/x-www-form-urlencoded'})
    try:
        request = urllib.request.Request('https://' + host + '/', BODY.encode(), headers)
        answer = urllib.request.urlopen(request, timeout=5).read().decode()
        return 'named' if os.environ['AWS_LAMBDA_FUNCTION_NAME'] in answer else 'another answer'
    except urllib.error.HTTPError as error:
        code = re.search('<Code>([A-Za-z]+)</Code>', error.read().decode())
        return 'refused %s' % code.group(1) if code and error.code < 500 else 'failed %d' % error.code
def handler(event, context):
    host = event['host']
    headers = signed(host, os.environ['AWS_REGION'])
    missing = {name: value for name, value in headers.items() if name != OWN}
    return '; '.join(['as signed: ' + send(host, headers),
        'another value: ' + send(host, dict(headers, **{OWN: sha256('another request')})),
        'without it: ' + send(host, missing)])
PYTHON
} > "$WORK/template.yaml"
create_stack "$name" "$WORK/template.yaml"

host=sts.$REGION.amazonaws.com
[[ $PARTITION != aws-cn ]] || host+=.cn
step "asking $host"
answer=$(invoke "$name" "{\"host\": \"$host\"}") || stop "the function failed: ${answer:-$(last_error)}"
saw="$host answers: ${answer//\"/}"
case $answer in
  *'as signed: named; another value: refused '*'; without it: refused '*) verdict PROVEN "$saw" ;;
  *'as signed: refused '* | *'another value: named'* | *'without it: named'*) verdict REFUTED "$saw" ;;
  *) stop "$saw" ;;
esac
