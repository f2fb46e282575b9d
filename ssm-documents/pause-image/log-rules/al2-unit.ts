import { pauseAnywhere } from '../../../core/logs/classify/image-ref.ts';
import { phrases, says } from '../../../core/logs/classify/text.ts';
import type { Segment } from '../../../core/model/log-lines.ts';
import { fault, type SandboxImageFault } from './sandbox-image-fault.ts';

// The script of the AMI on AL2, whose name is in its lines. A refused token is a fault of the role.
const PULL_SCRIPT = phrases('pull-sandbox-image.sh', 'pull-image.sh');
const SCRIPT_FAILED = phrases('unable to', 'could not', 'error', 'failed', 'fatal', 'panic:');
const TOKEN_CALL = phrases('GetAuthorizationToken');

/** A failure of the script that pulls the sandbox image. */
export const byScript = (segment: Segment): SandboxImageFault | null =>
  says(segment, PULL_SCRIPT) && says(segment, SCRIPT_FAILED) && !says(segment, TOKEN_CALL)
    ? fault(segment, pauseAnywhere(segment))
    : null;

// The unit for the sandbox image on AL2 when it fails, and what follows from it. Source: awslabs/amazon-eks-ami,
// sandbox-image.service, pull-sandbox-image.sh and issue 990.
const UNIT_FAILED = phrases(
  'Failed to start pull sandbox image defined in containerd config.toml',
  'Dependency failed for Kubernetes Kubelet',
  'Unable to retrieve the ECR password',
  'provided file is not a console',
  'sandbox-image.service: Failed',
  'sandbox-image.service: main process exited',
  'sandbox-image.service failed',
  'sandbox-image.service entered failed state',
);

/** A failure of the unit that pulls the sandbox image. */
export const unitFailed = (segment: Segment): SandboxImageFault | null =>
  says(segment, UNIT_FAILED) ? { reason: 'SandboxImageMissing' } : null;
