import { CONTAINERD_GENERATIONS, type GenerationName } from '../../../lab/real/generations.ts';
import type { RealNode } from '../../../lab/real/node.ts';
import type { ExpectedResult, Fault } from '../fault.ts';
import { shell } from '../scenes.ts';

const CONFIG = '/etc/containerd/config.toml';
/** Those whose configuration is of version 2, with one section for the CRI. */
const VERSION_2: readonly GenerationName[] = CONTAINERD_GENERATIONS.filter((name) => name !== 'al2023-2');
const RESTART =
  'systemctl reset-failed; systemctl restart containerd; for i in $(seq 100); do timeout 2 ctr version > /dev/null 2>&1 && break; sleep 0.1; done; systemctl start kubelet';
const UNSERVED = /unknown service runtime\.v1\.RuntimeService/;

const notServed = (detail: RegExp, evidence: ExpectedResult['evidence'] = {}): ExpectedResult => ({
  outcome: 'Broken',
  reason: 'CRINotServed',
  detail,
  evidence: { criState: 'unimplemented', ...evidence },
});

/** A fault of containerd's configuration, with which containerd runs and its CRI does not. */
const ofConfiguration = (
  fault: Pick<Fault, 'name' | 'check'> & { readonly script: string; readonly generations?: Fault['generations'] },
): Fault => {
  const { script, generations = CONTAINERD_GENERATIONS, ...rest } = fault;
  return {
    ...rest,
    generations,
    remediation: 'pause-image',
    break: async (node: RealNode) => {
      await shell(node, `cp ${CONFIG} /root/config.toml; ${script}; ${RESTART}`);
    },
    repair: { outcome: 'NotRepaired', reason: 'CRINotServed' },
    sandbox: { failsBefore: UNSERVED, startsAfter: false, network: 'POD' },
    restore: async (node: RealNode) => {
      await shell(node, `mv /root/config.toml ${CONFIG}; ${RESTART}`);
    },
  };
};

/** The faults with which containerd runs and does not serve kubelet. */
export const faults: readonly Fault[] = [
  ofConfiguration({
    name: 'the CRI plugin is in disabled_plugins',
    script: `sed -i '1i disabled_plugins = ["io.containerd.grpc.v1.cri"]' ${CONFIG}`,
    check: notServed(UNSERVED, { criPlugin: 'disabled' }),
  }),
  ofConfiguration({
    name: 'registry.mirrors beside config_path',
    generations: VERSION_2,
    script: `printf '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\\nendpoint = ["https://mirror.example"]\\n' >> ${CONFIG}`,
    check: notServed(/failed to load plugin.*mirrors/),
  }),
  ofConfiguration({
    name: 'the default runtime is not defined',
    script: `sed -i 's/default_runtime_name = "runc"/default_runtime_name = "nvidia"/' ${CONFIG}`,
    check: notServed(/failed to load plugin.*no corresponding runtime/),
  }),
];
