import type { Fault } from './fault.ts';
import { phrase, phrases, type Segment, says } from './text.ts';

const TOKEN_CALL = phrase('GetAuthorizationToken');
const REFUSED = phrases('AccessDenied', 'not authorized', 'UnauthorizedOperation', 'explicit deny');
// Who asked: kubelet (in-tree or by its plugin), the AMI's scripts, nodeadm; or the instance's own session.
const NODE_ASKS = phrases(
  'credential provider',
  'aws_credentials.go',
  'error getting credentials from ECR',
  'pull-sandbox-image',
  'pull-image.sh',
  'sandbox-image',
  'nodeadm',
);
const INSTANCE_SESSION = /assumed-role\/[^/"]{1,128}\/i-[0-9a-f]{8,17}/;

const PLUGIN_FAILED = phrases(
  'Failed getting credential from external registry credential provider',
  'error execing credential provider plugin',
);
const PLUGIN_ITSELF = phrases('Error running credential provider plugin');
const NO_FILE = phrases('no such file or directory', 'file does not exist', 'executable file not found');
const WRONG_ANSWER = phrases(
  'apiVersion from credential plugin response did not match',
  'credential plugin response',
  'unable to decode',
  'error decoding credential provider plugin response',
  'no kind registered',
  'response kind',
);
// kubelet's plugins for other clouds' registries fail for reasons of their own.
const OF_ECR = phrases('ecr-credential-provider', 'dkr.ecr', 'dkr-ecr', 'ecr.aws', 'amazonaws.com');

// kubelet does not start: pkg/credentialprovider/plugin.
const GONE = [
  /pluginbinarydirectory\S{1,300}didnotexist/,
  /pluginbinaryexecutable\S{1,300}didnotexist/,
  /unabletoread(?:external)?(?:registry)?credentialproviderconfig\S{0,300}nosuchfile/,
  /credentialproviderconfig\S{0,300}nosuchfileordirectory/,
];
const BAD_CONFIG = phrases(
  'failed to validate credential provider config',
  'error validating credential provider config',
  'error decoding credential provider config',
  'failed to decode credential provider config',
  'failed to load CredentialProviderConfig',
  'invalid credential provider config',
  'Failed to register CRI auth plugins',
  'failed to register CRI auth plugins',
  'no plugin providers found in credential provider config',
);
const UNDECODABLE = /errordecodingconfig\S{0,300}credential-?_?provider/;
const BAD_VERSION = /groupversion\S{0,120}isnotsupported/;
const PROVIDER = phrase('credential provider');
const PROVIDER_CONFIG = phrase('credentialprovider.kubelet.k8s.io');

/** What a segment says of how the node gets its ECR credentials. */
export const credentials = (segment: Segment): Fault | null => {
  const { lower } = segment;
  if (
    lower.includes(TOKEN_CALL) &&
    says(segment, REFUSED) &&
    (says(segment, NODE_ASKS) || INSTANCE_SESSION.test(lower))
  ) {
    // Only a person can widen a role.
    return { reason: 'NodeRoleLacksECR', hint: true };
  }
  if (GONE.some((gone) => gone.test(lower))) return { reason: 'CredentialProviderMissing' };
  if (says(segment, BAD_CONFIG) || UNDECODABLE.test(lower)) {
    return { reason: says(segment, NO_FILE) ? 'CredentialProviderMissing' : 'CredentialProviderInvalid' };
  }
  if (BAD_VERSION.test(lower) && (lower.includes(PROVIDER) || lower.includes(PROVIDER_CONFIG))) {
    return { reason: 'CredentialProviderInvalid' };
  }
  if (says(segment, PLUGIN_FAILED)) {
    if (!says(segment, OF_ECR)) return null;
    if (says(segment, WRONG_ANSWER)) return { reason: 'CredentialProviderInvalid' };
    return { reason: says(segment, NO_FILE) ? 'CredentialProviderMissing' : 'CredentialProviderFailed' };
  }
  return says(segment, PLUGIN_ITSELF) ? { reason: 'CredentialProviderFailed' } : null;
};
