import type { GenerationName } from '../../../lab/real/generations.ts';
import type { RealNode } from '../../../lab/real/node.ts';
import type { Fault } from '../fault.ts';
import { restartContainerd, shell } from '../scenes.ts';

const NEWEST: readonly GenerationName[] = ['al2023-2'];
/** An agent whose unit has a proxy that is not there: it hands it on to each document. */
const DEAD_PROXY = {
  HTTPS_PROXY: 'http://127.0.0.1:9',
  https_proxy: 'http://127.0.0.1:9',
  HTTP_PROXY: 'http://127.0.0.1:9',
  AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9',
};

/** Has containerd 2 call itself another version of the same length, of which no Debian suite has a package. */
const becomes =
  (version: string) =>
  async (node: RealNode): Promise<void> => {
    await shell(
      node,
      `was=$(containerd --version | sed -E 's/.* v?(2\\.[0-9]\\.[0-9]).*/\\1/')
sed "s/\${was}/${version}/g" /usr/bin/containerd > /usr/bin/containerd.new; chmod 755 /usr/bin/containerd.new
mv /usr/bin/containerd.new /usr/bin/containerd; containerd --version | grep -F ${version}`,
    );
    await restartContainerd(node);
  };

/** The faults of the sandbox image that depend on a version of containerd, or on the agent that runs the document. */
export const faults: readonly Fault[] = [
  {
    name: 'a reference without a tag under containerd 2.3.1, which needs a second name',
    remediation: 'pause-image',
    generations: NEWEST,
    node: { sandboxImage: 'localhost/kubernetes/pause' },
    break: becomes('2.3.1'),
    check: { outcome: 'Broken', reason: 'SandboxImageMissing' },
    repair: { outcome: 'Repaired', reason: 'SandboxImageMissing' },
    // Under its real version it starts before too.
    sandbox: { startsAfter: true },
    slow: true,
  },
  {
    name: 'a reference without a tag under containerd 2.3.4 (which is no fault)',
    remediation: 'pause-image',
    generations: NEWEST,
    node: { sandboxImage: 'localhost/kubernetes/pause' },
    break: becomes('2.3.4'),
    check: { outcome: 'Healthy' },
    repair: { outcome: 'Healthy' },
    sandbox: { startsAfter: true },
    slow: true,
  },
  {
    name: 'image removed, and the SSM agent has a proxy that is not there',
    remediation: 'pause-image',
    generations: ['al2023-ecr-1.7'],
    node: { agentEnvironment: DEAD_PROXY },
    break: (node) => node.breakNode('missing'),
    check: { outcome: 'Broken', reason: 'SandboxImageMissing' },
    repair: { outcome: 'Repaired', reason: 'SandboxImageMissing', method: 'ecr' },
    sandbox: { failsBefore: /401 Unauthorized|no basic auth credentials/, startsAfter: true },
  },
  {
    name: 'the SSM agent has a proxy that is not there (which is no fault)',
    remediation: 'ecr-credentials',
    generations: ['ubuntu-1.7'],
    node: { agentEnvironment: DEAD_PROXY },
    break: async () => undefined,
    check: { outcome: 'Healthy' },
    repair: { outcome: 'Healthy' },
    slow: true,
  },
];
