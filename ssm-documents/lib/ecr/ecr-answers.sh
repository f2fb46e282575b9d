# The output of the tools that return an ECR token. Text only.
# shellcheck shell=bash disable=SC2034  # other parts read what is only set here

TOKEN=''

# take_token TEXT PATTERN: the token in a tool's output, in TOKEN; 1 if there is none. Only characters of ECR's tokens are
# accepted. ctr must never get an empty token: it would prompt for a password and panic.
take_token() {
  TOKEN=''
  [[ $1 =~ $2 ]] || return 1
  TOKEN=${BASH_REMATCH[1]}
  if [[ ! $TOKEN =~ ^[A-Za-z0-9+/=_.-]+$ ]]; then
    TOKEN=''
    return 1
  fi
}

# node_role TEXT: the name of the node role in AWS's error text, in REPLY; empty where the text does not have it.
node_role() {
  REPLY=''
  if [[ $1 =~ assumed-role/([A-Za-z0-9+=,.@_-]+)/ ]]; then
    REPLY=${BASH_REMATCH[1]}
  fi
}

# aws_reason TEXT: the reason that AWS's error text shows, in REPLY; 1 where the text has another error.
aws_reason() {
  case $1 in
    # Public images can be pulled without it, and the role of a pod is not the node's.
    *'perform: ecr-public:'* | *'perform: sts:AssumeRole'*) REPLY=TokenUnavailable ;;
    *AccessDenied* | *'not authorized to perform'* | *UnauthorizedOperation* | *'explicit deny'*) REPLY=NodeRoleLacksECR ;;
    *169.254.169.254* | *ec2imds* | *'no EC2 IMDS role found'* | *'refresh cached credentials'* | *'Unable to locate credentials'* | \
      *NoCredentialProviders* | *EC2MetadataError* | *ExpiredToken* | *'signature'* | *Signature*) REPLY=TokenUnavailable ;;
    # An error of its own, or too many calls.
    *hrottl* | *TooManyRequests* | *'Rate exceeded'* | *RequestLimitExceeded* | *'StatusCode: 5'[0-9][0-9]* | *'status code: 5'[0-9][0-9]* | \
      *InternalFailure* | *InternalError* | *InternalServerError* | *ServiceUnavailable* | *ServerException*) REPLY=RegistryUnreachable ;;
    *) return 1 ;;
  esac
}
