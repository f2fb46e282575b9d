import type { Fault } from '../fault.ts';
import {
  breakBy,
  PROVIDER_CONFIG as CONFIG,
  ofProvider as common,
  PROVIDER_FOLDER as FOLDER,
  KEEP_PROVIDER as KEEP,
  KEPT_PROVIDER as KEPT,
  RESTART_KUBELET as RESTART,
  providerRepaired as repaired,
  restoreProvider as restore,
} from '../provider-scenes.ts';
import { putImageBack, putServicesBack, shell } from '../scenes.ts';

const PLUGIN = `${FOLDER}/ecr-credential-provider`;
const DOCKER_CONFIG = '/root/.docker/config.json';
const REGISTRY = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn';

const ARTICLE = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: CredentialProviderConfig
providers:
  - name: ecr-credential-provider
    matchImages:
      - "*.dkr.ecr.*.amazonaws.com"
      - "*.dkr.ecr.*.amazonaws.cn"
      - "*.dkr.ecr-fips.*.amazonaws.com"
      - "*.dkr.ecr.us-iso-east-1.c2s.ic.gov"
    defaultCacheDuration: "12h"
    apiVersion: credentialprovider.kubelet.k8s.io/v1
    args:
      - get-credentials
`;

/** A kubelet that starts with the configuration as it was broken, and with no other. */
const STUBBORN = `cp ${CONFIG} ${KEPT}-broken; mv /usr/bin/kubelet /usr/bin/kubelet-kept
cat > /usr/bin/kubelet <<'END'
#!/bin/sh
cmp -s ${CONFIG} ${KEPT}-broken && exec /usr/bin/kubelet-kept "$@"
echo 'E1123 10:00:00.000000 1 kuberuntime_manager.go:274] "Failed to register CRI auth plugins" err="it is not to be changed"' >&2
exit 1
END
chmod 755 /usr/bin/kubelet`;

const plugin = (script: string): string => `cat > ${PLUGIN} <<'END'\n#!/bin/sh\n${script}\nEND`;

/** The faults of kubelet's credential provider, and of Docker's logins. */
export const faults: readonly Fault[] = [
  {
    ...common,
    name: 'matchImages has *.dkr.ecr.*.amazonaws.cn for a registry in China',
    break: breakBy(`sed -i 's/amazonaws[.]com[.]cn/amazonaws.cn/' ${CONFIG}; ${RESTART}`),
    check: {
      outcome: 'Broken',
      reason: 'CredentialProviderMismatch',
      evidence: {
        registry: REGISTRY,
        similarPattern: '*.dkr.ecr.*.amazonaws.cn',
        wantedPattern: '*.dkr.ecr.*.amazonaws.com.cn',
      },
    },
    repair: repaired('CredentialProviderMismatch', 'add-pattern'),
    kill: true,
  },
  {
    ...common,
    name: "its configuration lost the pattern, and sandbox-image.service, which AL2's kubelet requires, cannot pull the image",
    generations: ['al2-1.6', 'al2-1.7'],
    break: async (node, scene) => {
      await breakBy(`sed -i 's/amazonaws[.]com[.]cn/amazonaws.cn/' ${CONFIG}; ${RESTART}`)(node);
      await node.breakNode('missing');
      await scene.fleet.setFault('registry', { kind: 'status', status: 403 });
    },
    check: { outcome: 'Broken', reason: 'CredentialProviderMismatch' },
    repair: repaired('CredentialProviderMismatch', 'add-pattern'),
    restore: async (node, scene) => {
      await putServicesBack(node, scene);
      await putImageBack(node);
      await restore(node);
    },
  },
  {
    ...common,
    name: 'its configuration lost the pattern and got an unknown key while kubelet runs',
    break: breakBy(
      `sed -i 's/amazonaws[.]com[.]cn/amazonaws.cn/' ${CONFIG}; ${RESTART}; sleep 1; sed -i 's/"name"/"colour":"red","name"/' ${CONFIG}`,
    ),
    check: { outcome: 'Broken', reason: 'CredentialProviderMismatch' },
    repair: {
      outcome: 'NotRepaired',
      reason: 'CredentialProviderMismatch',
      evidence: { notChanged: 'unread', unreadFile: CONFIG, unreadKey: '/providers/0/colour', changed: false },
    },
  },
  {
    ...common,
    name: 'its configuration lost the pattern while kubelet runs',
    break: breakBy(`sleep 1; sed -i 's/amazonaws[.]com[.]cn/amazonaws.cn/' ${CONFIG}`),
    check: { outcome: 'Broken', reason: 'CredentialProviderMismatch' },
    repair: repaired('CredentialProviderMismatch', 'add-pattern'),
    slow: true,
  },
  {
    ...common,
    name: "the article's own configuration, in YAML",
    break: breakBy(`cat > ${CONFIG} <<'END'\n${ARTICLE}END\n${RESTART}`),
    check: { outcome: 'Broken', reason: 'CredentialProviderMismatch' },
    repair: repaired('CredentialProviderMismatch', 'add-pattern'),
    slow: true,
  },
  {
    ...common,
    name: "the folder that kubelet's flags name does not exist, another one has the provider",
    break: breakBy(`mv ${FOLDER} /etc/eks/ecr-credential-provider; ${RESTART} || true`),
    check: {
      outcome: 'Broken',
      reason: 'CredentialProviderMissing',
      evidence: { missingPath: FOLDER, blocksKubelet: true },
    },
    repair: repaired('CredentialProviderMissing', 'link'),
    kill: true,
  },
  {
    ...common,
    name: 'the credential provider is missing, and there is no copy',
    break: breakBy(`rm ${PLUGIN}; ${RESTART} || true`),
    check: { outcome: 'Broken', reason: 'CredentialProviderMissing', evidence: { missingProgram: PLUGIN } },
  },
  {
    ...common,
    name: 'the credential provider is not executable',
    break: breakBy(`chmod a-x ${PLUGIN}; ${RESTART} || true`),
    check: { outcome: 'Broken', reason: 'CredentialProviderMissing', evidence: { notExecutable: PLUGIN } },
    repair: repaired('CredentialProviderMissing', 'mode'),
    slow: true,
  },
  {
    ...common,
    name: 'its configuration is not JSON',
    break: breakBy(`sed -i 's/^{/{,/' ${CONFIG}; ${RESTART} || true`),
    check: { outcome: 'Broken', reason: 'CredentialProviderInvalid', evidence: { configProblem: 'syntax' } },
  },
  {
    ...common,
    name: 'the node role is not allowed to get an ECR token',
    break: async (node) => {
      await shell(node, KEEP);
      await node.setRole('denied');
    },
    check: { outcome: 'Broken', reason: 'NodeRoleLacksECR', evidence: { nodeRole: 'demo-node-role' } },
    restore: (node) => node.setRole('allowed'),
  },
  {
    ...common,
    name: 'the credential provider returns no credentials',
    break: breakBy(`printf '#!/bin/sh\\necho "it is out of order" >&2\\nexit 1\\n' > ${PLUGIN}`),
    check: {
      outcome: 'Broken',
      reason: 'CredentialProviderFailed',
      detail: /^it is out of order$/,
      evidence: { tool: PLUGIN },
    },
    slow: true,
  },
  {
    ...common,
    name: 'the credential provider hangs',
    break: breakBy(plugin('sleep 60')),
    check: {
      outcome: 'Broken',
      reason: 'RegistryUnreachable',
      detail: /^no answer in time$/,
      evidence: { tool: PLUGIN },
    },
    slow: true,
  },
  {
    ...common,
    name: 'the credential provider answers garbage',
    break: breakBy(plugin('cat > /dev/null; echo hello')),
    check: {
      outcome: 'Broken',
      reason: 'CredentialProviderInvalid',
      evidence: { configProblem: 'answer', answerField: 'apiVersion' },
    },
    slow: true,
  },
  {
    ...common,
    name: 'its configuration names an apiVersion that the credential provider does not support',
    break: breakBy(
      `sed -i 's|kubelet.k8s.io/v1"|kubelet.k8s.io/v1alpha1"|' ${CONFIG}
${plugin(`cat > /dev/null; echo 'group version credentialprovider.kubelet.k8s.io/v1alpha1 is not supported' >&2; exit 1`)}
${RESTART}`,
    ),
    check: {
      outcome: 'Broken',
      reason: 'CredentialProviderInvalid',
      evidence: { configProblem: 'version', apiVersion: 'credentialprovider.kubelet.k8s.io/v1alpha1' },
    },
    slow: true,
  },
  {
    ...common,
    name: 'its configuration has an apiVersion that kubelet does not know',
    break: breakBy(`sed -i 's|kubelet.config.k8s.io/v1"|kubelet.config.k8s.io/v9"|' ${CONFIG}; ${RESTART} || true`),
    check: {
      outcome: 'Broken',
      reason: 'CredentialProviderInvalid',
      evidence: { configProblem: 'invalid', configValue: 'kubelet.config.k8s.io/v9/CredentialProviderConfig' },
    },
    slow: true,
  },
  {
    ...common,
    name: 'kubelet does not start with the repaired configuration',
    break: breakBy(`sed -i 's/amazonaws[.]com[.]cn/amazonaws.cn/' ${CONFIG}; ${STUBBORN}; ${RESTART}`),
    check: { outcome: 'Broken', reason: 'CredentialProviderMismatch' },
    repair: {
      outcome: 'NotRepaired',
      reason: 'CredentialProviderMismatch',
      detail: /it is not to be changed/,
      evidence: { failedStep: 'restart', rolledBack: true, kubeletRuns: true },
    },
    // The configuration is that before the repair, and kubelet runs.
    restore: async (node) => {
      await shell(
        node,
        `cmp ${CONFIG} ${KEPT}-broken; systemctl is-active kubelet; mv /usr/bin/kubelet-kept /usr/bin/kubelet`,
      );
      await restore(node);
    },
    slow: true,
  },
  {
    name: "Docker's config.json names a credential helper that is not installed",
    remediation: 'ecr-credentials',
    generations: ['docker'],
    break: async (node) => {
      await shell(node, `umask 077; mkdir -p /root/.docker; echo '{"credsStore":"none-such"}' > ${DOCKER_CONFIG}`);
    },
    check: {
      outcome: 'Broken',
      reason: 'DockerCredentialHelperMissing',
      evidence: { credentialHelper: 'docker-credential-none-such' },
    },
    restore: async (node) => {
      await shell(node, 'rm -r /root/.docker');
    },
  },
  {
    name: "a login in Docker's config.json overrides amazon-ecr-credential-helper",
    remediation: 'ecr-credentials',
    generations: ['docker'],
    break: async (node) => {
      const config = {
        auths: { 'example.com': { auth: 'eDp5' }, [REGISTRY]: { auth: 'QVdTOm9sZA==' } },
        credHelpers: { [REGISTRY]: 'ecr-login' },
      };
      await shell(
        node,
        `umask 077; mkdir -p /root/.docker; printf '%s' '${JSON.stringify(config)}' > ${DOCKER_CONFIG}`,
      );
    },
    check: {
      outcome: 'Broken',
      reason: 'DockerCredentialsStale',
      evidence: { dockerConfig: DOCKER_CONFIG, storedLogin: REGISTRY },
    },
    repair: { outcome: 'Repaired', reason: 'DockerCredentialsStale', method: 'logout' },
    restore: async (node) => {
      await shell(node, 'rm -r /root/.docker');
    },
  },
];
