import type { FaultTarget, Fault as ServiceFault } from '../../../lab/real/faults.ts';
import type { RealNode } from '../../../lab/real/node.ts';
import type { Fault } from '../fault.ts';
import { ECR_GENERATIONS, putImageBack, putServicesBack, shell } from '../scenes.ts';

/** The image is missing, and its registry fails: the repair must name the registry and the failure. */
const unreachable = (
  name: string,
  reason: string,
  breakService: (node: RealNode, set: (target: FaultTarget, fault: ServiceFault) => Promise<void>) => Promise<unknown>,
  more: Partial<Fault> = {},
): Fault => ({
  name: `image removed, ${name}`,
  remediation: 'pause-image',
  generations: ECR_GENERATIONS,
  break: async (node, { fleet }) => {
    await node.breakNode('missing');
    await breakService(node, fleet.setFault);
  },
  check: { outcome: 'Broken', reason: 'SandboxImageMissing' },
  repair: { outcome: 'NotRepaired', reason },
  sandbox: { failsBefore: /failed to (get sandbox|pull) image|Deadline exceeded/, startsAfter: false },
  restore: async (node, scene) => {
    await putServicesBack(node, scene);
    await putImageBack(node);
  },
  ...more,
});

/** The image is missing, and its registry is unreachable or rejects the pull. */
export const faults: readonly Fault[] = [
  unreachable('node role without ecr:GetAuthorizationToken', 'NodeRoleLacksECR', (node) => node.setRole('denied')),
  unreachable('no instance profile', 'TokenUnavailable', (node) => node.setRole('absent')),
  unreachable('token refused: 401', 'RegistryDenied', (_, set) => set('registry', { kind: 'status', status: 401 })),
  unreachable('repository refused: 403', 'RegistryDenied', (_, set) =>
    set('registry', { kind: 'status', status: 403 }),
  ),
  unreachable('registry lacks it: 404', 'RegistryImageNotFound', (_, set) =>
    set('registry', { kind: 'status', status: 404 }),
  ),
  unreachable(
    'registry answers 500',
    'RegistryUnreachable',
    (_, set) => set('registry', { kind: 'status', status: 500 }),
    { slow: true },
  ),
  unreachable('certificate not trusted', 'RegistryCertificate', (_, set) =>
    set('registry', { kind: 'untrusted-certificate' }),
  ),
  unreachable('registry refuses connections', 'RegistryUnreachable', (_, set) => set('registry', { kind: 'refused' }), {
    slow: true,
  }),
  unreachable('layers refused by S3: 403', 'RegistryDenied', (_, set) => set('s3', { kind: 'status', status: 403 })),
  unreachable('S3 refuses connections', 'RegistryUnreachable', (_, set) => set('s3', { kind: 'refused' }), {
    slow: true,
  }),
  unreachable('ECR API refuses connections', 'RegistryUnreachable', (_, set) => set('ecr', { kind: 'refused' }), {
    slow: true,
  }),
  unreachable(
    'registry answers too late',
    'RegistryUnreachable',
    (_, set) => set('registry', { kind: 'slow', delayMilliseconds: 100_000 }),
    // Minutes of waiting: the pod's, and that of two repairs.
    { slow: true, generations: ['al2023-ecr-1.7'] },
  ),
  unreachable(
    'registry name not resolved',
    'RegistryUnreachable',
    (node) => shell(node, 'cp /etc/hosts /etc/hosts.kept; sed -i /dkr.ecr/d /etc/hosts'),
    {
      slow: true,
      restore: async (node) => {
        await shell(node, 'cp /etc/hosts.kept /etc/hosts; rm /etc/hosts.kept');
        await putImageBack(node);
      },
    },
  ),
];
