import { expect, it } from 'vitest';
import { type Reported, renderMessage } from '../../core/model/render-message.ts';
import { texts } from '../remediations.ts';

const configFile = '/etc/eks/image-credential-provider/config.json';
const registry = '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn';
const missing = { outcome: 'Broken', reason: 'CredentialProviderMissing' } as const;
const invalid = { outcome: 'Broken', reason: 'CredentialProviderInvalid' } as const;
const failed = { outcome: 'NotRepaired', action: 'repair', reason: 'CredentialProviderMismatch' } as const;

it.each<[Reported, string]>([
  [
    {
      outcome: 'Broken',
      reason: 'CredentialProviderMismatch',
      evidence: {
        configFile,
        registry,
        similarPattern: '*.dkr.ecr.*.amazonaws.cn',
        wantedPattern: '*.dkr.ecr.*.amazonaws.com.cn',
      },
    },
    `No pattern of matchImages in ${configFile} matches ${registry}, so kubelet pulls from it without credentials. *.dkr.ecr.*.amazonaws.cn does not match, because the labels differ. The pattern *.dkr.ecr.*.amazonaws.com.cn is required.`,
  ],
  [
    {
      ...missing,
      evidence: { flag: '--image-credential-provider-config', missingPath: configFile, blocksKubelet: true },
    },
    `${configFile}, which kubelet's flag --image-credential-provider-config names, does not exist. kubelet exits at startup with "Failed to register CRI auth plugins".`,
  ],
  [
    { ...missing, evidence: { missingFlag: 'both' } },
    'kubelet runs without --image-credential-provider-config and --image-credential-provider-bin-dir, so it pulls from ECR without credentials.',
  ],
  [
    {
      ...invalid,
      detail: 'line 3: a key in double quotes is missing',
      evidence: { configFile, configProblem: 'syntax', blocksKubelet: true },
    },
    `${configFile} is not valid JSON or YAML: line 3: a key in double quotes is missing. kubelet exits at startup with "Failed to register CRI auth plugins".`,
  ],
  [
    {
      ...invalid,
      evidence: { configFile, configProblem: 'invalid', configField: 'providers[0].matchImages', configValue: 'a b' },
    },
    `${configFile} is invalid: providers[0].matchImages has the value "a b".`,
  ],
  [
    {
      ...invalid,
      evidence: { configFile, configProblem: 'invalid', configField: 'providers[0].apiVersion', configValue: '' },
    },
    `${configFile} is invalid: providers[0].apiVersion is missing.`,
  ],
  [
    {
      ...invalid,
      detail: 'Failed to register CRI auth plugins" err="strict decoding error"',
      evidence: { configFile, configProblem: 'start', blocksKubelet: true },
    },
    'kubelet does not start: Failed to register CRI auth plugins" err="strict decoding error".',
  ],
  [
    { ...failed, evidence: { interrupted: true, notChanged: 'no-kubelet-unit', changed: false } },
    'An earlier repair was interrupted before kubelet ran with its change. Run the repair again. The repair found no systemd unit of kubelet to restart. Nothing was changed on the node.',
  ],
  [
    {
      ...failed,
      evidence: { configFile, registry, notChanged: 'untrusted', untrusted: '/etc/eks (mode 777)', changed: false },
    },
    `No pattern of matchImages in ${configFile} matches ${registry}, so kubelet pulls from it without credentials. The repair changed nothing, because /etc/eks (mode 777) is not controlled by root alone. Nothing was changed on the node.`,
  ],
  [
    { ...failed, detail: 'err="bad"', evidence: { configFile, registry, rolledBack: true, kubeletRuns: true } },
    `No pattern of matchImages in ${configFile} matches ${registry}, so kubelet pulls from it without credentials. kubelet did not run with the change, and the repair rolled it back: err="bad". kubelet runs as before.`,
  ],
  [
    {
      ...failed,
      detail: 'first',
      evidence: {
        configFile,
        registry,
        rolledBack: false,
        backup: '/x.fleetmend-1',
        kubeletRuns: false,
        kubeletError: 'second',
      },
    },
    `No pattern of matchImages in ${configFile} matches ${registry}, so kubelet pulls from it without credentials. kubelet did not run with the change, and the repair could not roll it back; the previous file is /x.fleetmend-1: first. kubelet does not run: second.`,
  ],
  [
    {
      outcome: 'Repaired',
      reason: 'CredentialProviderMismatch',
      method: 'add-pattern',
      willRecur: true,
      evidence: { registry },
    },
    `kubelet was restarted and is healthy, and its credential provider serves ${registry}. nodeadm rewrites these files at each boot: also change the AMI, or the NodeConfig in the user data.`,
  ],
  [
    {
      outcome: 'Repaired',
      reason: 'DockerCredentialsStale',
      method: 'logout',
      evidence: { dockerConfig: '/root/.docker/config.json' },
    },
    'The stored login was removed from /root/.docker/config.json. Docker uses its credential helper again.',
  ],
  [{ outcome: 'Healthy', evidence: { registry } }, `kubelet's credential provider is valid and matches ${registry}.`],
  [
    {
      outcome: 'NotRepaired',
      action: 'repair',
      reason: 'CredentialProviderFailed',
      detail: 'broken pipe',
      evidence: { tool: '/bin/x', registry: 'r', repaired: 'CredentialProviderMismatch' },
    },
    '/bin/x returned no credentials for r: broken pipe. The same repair fixed CredentialProviderMismatch.',
  ],
])('renders %j', (reported, message) => {
  expect(renderMessage(texts, 'ecr-credentials', reported)).toBe(message);
});
