import { CONTAINERD_GENERATIONS, type GenerationName } from '../../../lab/real/generations.ts';
import type { RealNode } from '../../../lab/real/node.ts';
import { AWS_CONFLIST, shell, startAwsNode, stopAwsNode } from '../aws-node.ts';
import type { ExpectedResult, Fault } from '../fault.ts';
import { putImageBack } from '../scenes.ts';
import { untilNoticed } from '../until.ts';

const CONF_DIR = '/etc/cni/net.d';
const BIN_DIR = '/opt/cni/bin';
const DOCKER: readonly GenerationName[] = ['docker'];
const CILIUM = JSON.stringify({ cniVersion: '0.3.1', name: 'cilium', plugins: [{ type: 'cilium-cni' }] });

const broken = (reason: string, evidence: ExpectedResult['evidence'] = {}): ExpectedResult => ({
  outcome: 'Broken',
  reason,
  evidence,
});
const repaired = (reason: string, method: string): ExpectedResult => ({ outcome: 'Repaired', reason, method });
const notRepaired = (reason: string, evidence: Readonly<Record<string, unknown>>): ExpectedResult => ({
  outcome: 'NotRepaired',
  reason,
  evidence,
});

/** A fault on a node with aws-node: `break` starts aws-node first, and `restore` brings back the lab's own network. */
const onAwsNode = (
  fault: Omit<Fault, 'remediation' | 'generations' | 'break' | 'restore'> & {
    readonly script: string;
    readonly input?: string;
    /** Runs when the runtime has detected the change of the script. */
    readonly thenScript?: string;
    readonly putBack?: (node: RealNode) => Promise<unknown>;
  },
): Fault => {
  const { script, input, thenScript, putBack, ...rest } = fault;
  return {
    ...rest,
    remediation: 'cni-files',
    generations: CONTAINERD_GENERATIONS,
    break: async (node) => {
      await startAwsNode(node);
      await shell(node, script, input);
      if (thenScript === undefined) return;
      await untilNoticed(async () => !(await node.cri.status()).networkReady);
      await shell(node, thenScript);
    },
    restore: async (node) => {
      await stopAwsNode(node);
      await putBack?.(node);
    },
  };
};

/** Replaces a link to Debian's plugin by a copy of the plugin. */
const ownCopy = (name: string): string => `cp --remove-destination /usr/lib/cni/${name} ${BIN_DIR}/${name}`;

/** The faults of the CNI files. */
export const faults: readonly Fault[] = [
  onAwsNode({
    name: 'conflist deleted under a healthy aws-node',
    script: `rm ${CONF_DIR}/*`,
    check: broken('CNIConfigMissing', {
      confDir: '/etc/cni/net.d',
      repairStep: 'restart-aws-node',
      networkReady: false,
      ipamd: 'up',
    }),
    repair: repaired('CNIConfigMissing', 'restart-aws-node'),
    sandbox: { failsBefore: /cni plugin not initialized/, startsAfter: true, network: 'POD' },
    kill: true,
  }),
  onAwsNode({
    name: 'conflist cut off in the middle',
    script: `text=$(head -c 40 ${AWS_CONFLIST}); printf %s "$text" > ${AWS_CONFLIST}`,
    check: broken('CNIConfigInvalid', {
      config: /10-aws\.conflist$/,
      configProblem: 'invalid-json',
      configError: /^line 1: /,
      networkReady: false,
    }),
    repair: repaired('CNIConfigInvalid', 'restart-aws-node'),
    sandbox: { failsBefore: /cni plugin not initialized/, startsAfter: true, network: 'POD' },
  }),
  onAwsNode({
    name: 'cniVersion that the plugins do not support',
    script: `sed -i 's/"0\\.4\\.0"/"9.9.9"/' ${AWS_CONFLIST}`,
    check: broken('CNIConfigInvalid', {
      configProblem: 'unsupported-version',
      cniVersion: '9.9.9',
      unsupportedBy: 'aws-cni',
    }),
    repair: repaired('CNIConfigInvalid', 'restart-aws-node'),
    sandbox: { failsBefore: /incompatible CNI versions/, startsAfter: true, network: 'POD' },
  }),
  onAwsNode({
    name: 'aws-cni missing',
    script: `rm ${BIN_DIR}/aws-cni`,
    check: broken('CNIBinaryMissing', { binDirs: '/opt/cni/bin', missingPlugins: 'aws-cni', networkReady: true }),
    repair: repaired('CNIBinaryMissing', 'restart-aws-node'),
    sandbox: { failsBefore: /failed to find plugin "aws-cni" in path/, startsAfter: true, network: 'POD' },
  }),
  onAwsNode({
    name: 'conflist present, /opt/cni/bin empty',
    script: `rm ${BIN_DIR}/*`,
    check: broken('CNIBinaryMissing', {
      missingPlugins: 'aws-cni host-local portmap loopback',
      repairStep: 'none',
      networkReady: true,
    }),
    sandbox: { failsBefore: /failed to find plugin "(aws-cni|loopback)" in path/, startsAfter: false, network: 'POD' },
  }),
  onAwsNode({
    name: 'plugin without the execute bit',
    script: `${ownCopy('portmap')}; chmod a-x ${BIN_DIR}/portmap`,
    check: broken('CNIBinaryInvalid', { notExecutable: '/opt/cni/bin/portmap', repairStep: 'set-mode' }),
    repair: repaired('CNIBinaryInvalid', 'set-mode'),
    sandbox: { failsBefore: /portmap: permission denied/, startsAfter: true, network: 'POD' },
    kill: true,
  }),
  onAwsNode({
    name: 'plugin without the execute bit that another user may write',
    script: `${ownCopy('portmap')}; chmod 666 ${BIN_DIR}/portmap`,
    check: broken('CNIBinaryInvalid', { notExecutable: '/opt/cni/bin/portmap', repairStep: 'set-mode' }),
    repair: notRepaired('CNIBinaryInvalid', { untrusted: /portmap \(mode 666\)$/, changed: false }),
    sandbox: { failsBefore: /portmap: permission denied/, startsAfter: false, network: 'POD' },
  }),
  onAwsNode({
    name: 'plugin of another architecture',
    // The ELF header has the architecture of the file.
    script: `${ownCopy('loopback')}; printf '\\363' | dd of=${BIN_DIR}/loopback bs=1 seek=18 conv=notrunc`,
    check: broken('CNIBinaryInvalid', { unusablePlugins: 'loopback', repairStep: 'none' }),
    sandbox: { failsBefore: /loopback: exec format error/, startsAfter: false, network: 'POD' },
  }),
  onAwsNode({
    name: 'leftover of Cilium wins over 10-aws.conflist',
    script: `cat > ${CONF_DIR}/05-cilium.conflist`,
    input: CILIUM,
    check: broken('CNIConfigConflict', { config: /05-cilium\.conflist$/, networkReady: true }),
    repair: repaired('CNIConfigConflict', 'move-aside'),
    sandbox: { failsBefore: /failed to find plugin "cilium-cni"/, startsAfter: true, network: 'POD' },
    kill: true,
  }),
  onAwsNode({
    name: 'leftover of Cilium, which had renamed 10-aws.conflist',
    script: `mv ${AWS_CONFLIST} ${AWS_CONFLIST}.cilium_bak; rm ${CONF_DIR}/10-lab.conflist; cat > ${CONF_DIR}/05-cilium.conflist`,
    input: CILIUM,
    check: broken('CNIConfigConflict', { config: /05-cilium\.conflist$/, repairStep: 'move-aside' }),
    repair: { ...repaired('CNIConfigConflict', 'move-aside'), evidence: { restarted: true } },
    sandbox: { failsBefore: /failed to find plugin "cilium-cni"/, startsAfter: true, network: 'POD' },
  }),
  onAwsNode({
    name: 'conflist deleted, and a container of another namespace is called aws-node',
    script: `sed -i s/pod.namespace=kube-system/pod.namespace=team/ /etc/systemd/system/lab-aws-node.service; rm ${AWS_CONFLIST}
      systemctl daemon-reload; systemctl restart lab-aws-node; for i in {1..200}; do [ -s ${AWS_CONFLIST} ] && break; sleep 0.1; done; rm ${CONF_DIR}/*`,
    check: broken('CNIConfigMissing', { repairStep: 'none', awsNode: 'absent' }),
    sandbox: { failsBefore: /cni plugin not initialized/, startsAfter: false, network: 'POD' },
  }),
  onAwsNode({
    name: 'configuration of a CNI without an agent comes first, and pods start by it',
    script: `cp ${CONF_DIR}/10-lab.conflist ${CONF_DIR}/05-own.conflist`,
    check: broken('CNIConfigConflict', { config: /05-own\.conflist$/, repairStep: 'none', networkReady: true }),
    sandbox: { startsAfter: true, network: 'POD' },
  }),
  onAwsNode({
    name: 'broken configuration of another CNI comes first',
    script: `printf '{' > ${CONF_DIR}/00-own.conflist`,
    check: broken('CNIConfigInvalid', {
      config: /00-own\.conflist$/,
      configProblem: 'invalid-json',
      repairStep: 'none',
      networkReady: false,
    }),
    sandbox: { failsBefore: /cni plugin not initialized/, startsAfter: false, network: 'POD' },
  }),
  onAwsNode({
    name: 'aws-node hangs',
    script: 'ctr -n k8s.io tasks kill --signal SIGSTOP aws-node',
    check: broken('CNINotReady', { ipamd: 'silent', awsNode: 'running' }),
    repair: repaired('CNINotReady', 'restart-aws-node'),
  }),
  onAwsNode({
    name: 'aws-node gone, its conflist still there',
    script: 'systemctl stop lab-aws-node.service',
    check: broken('CNINotReady', { ipamd: 'down', awsNode: 'absent', ipamdLog: 'Unable to reach API Server' }),
    sandbox: { failsBefore: /Error received from AddNetwork gRPC call/, startsAfter: false, network: 'POD' },
  }),
  onAwsNode({
    name: 'conflist, aws-node and the sandbox image gone',
    script: `systemctl stop lab-aws-node.service; rm ${CONF_DIR}/*; ctr -n k8s.io images ls -q | xargs ctr -n k8s.io images rm --sync`,
    check: {
      outcome: 'Skipped',
      skipReason: 'BlockedBy',
      reason: 'CNIConfigMissing',
      evidence: { blockedBy: 'pause-image (SandboxImageMissing)' },
    },
    repair: { outcome: 'Skipped', skipReason: 'BlockedBy', reason: 'CNIConfigMissing' },
    putBack: putImageBack,
  }),
  onAwsNode({
    name: 'configuration folder replaced behind containerd',
    script: `cp -a ${CONF_DIR} /etc/cni/new; rm -r ${CONF_DIR}`,
    thenScript: `mv /etc/cni/new ${CONF_DIR}`,
    check: broken('CNINotReady', { networkMessage: /cni plugin not initialized/, repairStep: 'none' }),
    sandbox: { failsBefore: /cni plugin not initialized/, startsAfter: false, network: 'POD' },
    putBack: (node) =>
      shell(
        node,
        'systemctl restart containerd; for i in {1..100}; do ctr version > /dev/null && exit; sleep 0.1; done; exit 1',
      ),
  }),
  {
    name: 'no CNI configuration on a Docker node',
    remediation: 'cni-files',
    generations: DOCKER,
    break: async (node) =>
      void (await shell(node, `mv ${CONF_DIR} ${CONF_DIR}.away; touch -d '1 hour ago' /run/docker.sock`)),
    check: broken('CNIConfigMissing', { confDir: '/etc/cni/net.d' }),
    restore: async (node) => void (await shell(node, `rm -rf ${CONF_DIR}; mv ${CONF_DIR}.away ${CONF_DIR}`)),
  },
  {
    name: 'plugins missing on a Docker node',
    remediation: 'cni-files',
    generations: DOCKER,
    break: async (node) => void (await shell(node, `mv ${BIN_DIR} ${BIN_DIR}.away`)),
    check: broken('CNIBinaryMissing', {
      binDirs: '/opt/cni/bin',
      missingPlugins: 'bridge host-local portmap loopback',
    }),
    restore: async (node) => void (await shell(node, `mv ${BIN_DIR}.away ${BIN_DIR}`)),
  },
];
