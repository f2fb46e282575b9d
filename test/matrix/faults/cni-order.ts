import { CONTAINERD_GENERATIONS } from '../../../lab/real/generations.ts';
import { AWS_CONFLIST, shell, startAwsNode, stopAwsNode } from '../aws-node.ts';
import type { Fault } from '../fault.ts';

const CONF_DIR = '/etc/cni/net.d';
const BIN_DIR = '/opt/cni/bin';

/** A plugin that supports these versions, and fails with these words whatever else it is asked. */
const plugin = (name: string, versions: readonly string[], words: string): string =>
  `rm -f ${BIN_DIR}/${name}; cat > ${BIN_DIR}/${name} <<'END'
#!/bin/sh
if [ "$CNI_COMMAND" = VERSION ]; then echo '{"cniVersion":"0.4.0","supportedVersions":${JSON.stringify(versions)}}'; exit; fi
[ "$CNI_COMMAND" != DEL ] || exit 0
echo '{"cniVersion":"0.4.0","code":999,"msg":"${words}"}'
exit 1
END
chmod 755 ${BIN_DIR}/${name}`;

const config = (file: string, content: object): string => `echo '${JSON.stringify(content)}' > ${CONF_DIR}/${file}`;

const onAwsNode = (
  fault: Omit<Fault, 'remediation' | 'generations' | 'break' | 'restore'> & { readonly script: string },
): Fault => {
  const { script, ...rest } = fault;
  return {
    ...rest,
    remediation: 'cni-files',
    generations: CONTAINERD_GENERATIONS,
    break: async (node) => {
      await startAwsNode(node);
      await shell(node, script);
    },
    restore: stopAwsNode,
  };
};

const MULTUS = {
  cniVersion: '0.3.1',
  name: 'multus-cni-network',
  type: 'multus',
  kubeconfig: `${CONF_DIR}/multus.d/multus.kubeconfig`,
  delegates: [{ cniVersion: '0.3.1', name: 'aws-cni', plugins: [{ type: 'aws-cni' }] }],
};

/** The faults of the CNI whose configuration comes first, and of plugins that do not fit it. */
export const faults: readonly Fault[] = [
  onAwsNode({
    name: '00-multus.conf comes first, and its agent is gone',
    script: `${plugin('multus', ['0.3.0', '0.3.1'], 'Multus: error getting k8s client: Unauthorized')}\n${config('00-multus.conf', MULTUS)}`,
    check: {
      outcome: 'Broken',
      reason: 'CNIAgentMissing',
      evidence: { config: /00-multus\.conf$/, missingAgent: 'kube-multus', agentState: 'absent' },
    },
    sandbox: { failsBefore: /error getting k8s client/, startsAfter: false, network: 'POD' },
  }),
  onAwsNode({
    name: "Cilium's configuration comes first, and neither its agent nor aws-node runs",
    script: `${plugin('cilium-cni', ['0.3.1', '0.4.0'], 'unable to connect to Cilium daemon')}
${config('05-cilium.conflist', { cniVersion: '0.3.1', name: 'cilium', plugins: [{ type: 'cilium-cni' }] })}
systemctl stop lab-aws-node.service`,
    check: {
      outcome: 'Broken',
      reason: 'CNIAgentMissing',
      evidence: { config: /05-cilium\.conflist$/, missingAgent: 'cilium-agent' },
    },
    sandbox: { failsBefore: /unable to connect to Cilium daemon/, startsAfter: false, network: 'POD' },
  }),
  onAwsNode({
    name: 'a plugin is too old for the cniVersion',
    script: `sed -i 's/"0\\.4\\.0"/"1.0.0"/' ${AWS_CONFLIST}; ${plugin('portmap', ['0.3.1', '0.4.0'], 'incompatible CNI versions')}`,
    check: {
      outcome: 'Broken',
      reason: 'CNIConfigInvalid',
      evidence: { configProblem: 'unsupported-version', cniVersion: '1.0.0', unsupportedBy: 'portmap' },
    },
    // aws-node writes its own configuration again, which this plugin supports; that it fails then is its own fault.
    repair: { outcome: 'Repaired', reason: 'CNIConfigInvalid', method: 'restart-aws-node' },
    sandbox: { failsBefore: /incompatible CNI versions/, startsAfter: false, network: 'POD' },
  }),
  onAwsNode({
    name: 'the plugin of an unknown CNI fails for every pod',
    isOnlyInJournals: true,
    script: `${plugin('own-cni', ['0.3.1', '0.4.0'], 'no addresses left in the pool')}
${config('00-own.conflist', { cniVersion: '0.3.1', name: 'own', plugins: [{ type: 'own-cni' }] })}`,
    check: { outcome: 'Healthy' },
    repair: { outcome: 'Healthy' },
    sandbox: { failsBefore: /no addresses left in the pool/, startsAfter: false, network: 'POD' },
  }),
];
