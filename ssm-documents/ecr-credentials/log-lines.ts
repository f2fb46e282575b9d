import { phrase, phrases, says, saysThen } from '../../core/logs/classify/text.ts';
import { defineLogLines, defineLogRule, type Fault, type Segment } from '../../core/model/log-lines.ts';
import { kubelet } from './kubelet-log-rule.ts';

const TOKEN_CALL = phrase('GetAuthorizationToken');
// Without a token for public images, the node pulls them as anyone may.
const PUBLIC_CALL = phrase('perform: ecr-public:GetAuthorizationToken');
const PUBLIC_IMAGE = phrase('for image public.ecr.aws/');
const PRIVATE_CALL = phrase('perform: ecr:GetAuthorizationToken');
const REFUSED = phrases('AccessDenied', 'not authorized', 'UnauthorizedOperation', 'explicit deny');
// The caller: kubelet (in-tree or by its plugin), the scripts of the AMI, nodeadm; or the session of the instance.
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
// The kubelet plugins for registries of other clouds fail for other reasons.
const OF_ECR = phrases('ecr-credential-provider', 'dkr.ecr', 'dkr-ecr', 'ecr.aws', 'amazonaws.com');

// kubelet does not start. Source: kubernetes/kubernetes, pkg/credentialprovider/plugin.
const FILE_MISSING: readonly (readonly [string, string])[] = [
  [phrase('plugin binary directory'), phrase('did not exist')],
  // kubelet 1.36 writes an empty name.
  [phrase('plugin binary executable'), phrase('did not exist')],
  [phrase('registry credential provider config'), phrase('no such file')],
  [phrase('unable to read credential provider config'), phrase('no such file')],
  [phrase('CredentialProviderConfig'), phrase('no such file or directory')],
];
/** The longest path between the two. */
const MAX_PATH_LENGTH = 300;
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
const PROVIDER = phrases('credential provider', 'credentialprovider.kubelet.k8s.io');

type Reason =
  | 'NodeRoleLacksECR'
  | 'CredentialProviderInvalid'
  | 'CredentialProviderMissing'
  | 'CredentialProviderFailed';
type Finding = Fault<Reason> | null;

const isForPublic = ({ lower }: Segment): boolean =>
  lower.includes(PUBLIC_IMAGE) || (lower.includes(PUBLIC_CALL) && !lower.includes(PRIVATE_CALL));

const role = (segment: Segment): Finding => {
  const { lower } = segment;
  if (!lower.includes(TOKEN_CALL) || !says(segment, REFUSED)) return null;
  const isNode = says(segment, NODE_ASKS) || INSTANCE_SESSION.test(lower);
  // No repair exists: only a person can extend the role.
  return isNode ? { reason: 'NodeRoleLacksECR', hint: true } : null;
};

const config = (segment: Segment): Finding => {
  const { lower } = segment;
  if (FILE_MISSING.some(([first, then]) => saysThen(segment, first, then, MAX_PATH_LENGTH)))
    return { reason: 'CredentialProviderMissing' };
  if (says(segment, BAD_CONFIG) || UNDECODABLE.test(lower)) {
    return { reason: says(segment, NO_FILE) ? 'CredentialProviderMissing' : 'CredentialProviderInvalid' };
  }
  return BAD_VERSION.test(lower) && says(segment, PROVIDER) ? { reason: 'CredentialProviderInvalid' } : null;
};

// No repair exists. The cause may stand in a record of its own, since journald splits what the program writes in several lines.
const FAILED: Finding = { reason: 'CredentialProviderFailed', hint: true };

const plugin = (segment: Segment): Finding => {
  if (says(segment, PLUGIN_FAILED)) {
    if (!says(segment, OF_ECR)) return null;
    if (says(segment, WRONG_ANSWER)) return { reason: 'CredentialProviderInvalid' };
    return says(segment, NO_FILE) ? { reason: 'CredentialProviderMissing' } : FAILED;
  }
  return says(segment, PLUGIN_ITSELF) ? FAILED : null;
};

/** How the node gets its ECR credentials. */
const credentials = defineLogRule<Reason>({
  name: 'credentials',
  order: 30,
  reasons: {
    NodeRoleLacksECR: 10,
    CredentialProviderInvalid: 50,
    CredentialProviderMissing: 51,
    CredentialProviderFailed: 52,
  },
  notFrom: ['ipamd'],
  provenByHint: ['NodeRoleLacksECR', 'CredentialProviderFailed'],
  read: (segment) => (isForPublic(segment) ? null : (role(segment) ?? config(segment) ?? plugin(segment))),
});

/** The log lines of a kubelet that gets no ECR credentials, or that does not run. */
export const logLines = defineLogLines({
  phrases: {
    kubelet: [
      'CRI auth plugins',
      'registry cred',
      'running credential',
      'from ECR for',
      'GetAuthorizationToken',
      'command failed',
      'ubelet config file',
      'to run Kubelet',
    ],
    system: ['GetAuthorizationToken', 'kubelet.service', 'Failed to start'],
  },
  rules: [credentials, kubelet],
});
