import type { Message } from '../../core/model/message.ts';
import { defineReasons } from '../../core/model/reasons.ts';
import { commonReasons } from '../lib/reasons/common-reasons.ts';
import { registryReasons } from '../lib/reasons/registry-reasons.ts';
import { runtimeReasons } from '../lib/reasons/runtime-reasons.ts';

const { NodeRoleLacksECR, TokenUnavailable, RegistryUnreachable, RegistryCertificate } = registryReasons;
const { RuntimeDown } = runtimeReasons;

/** Why a repair did not change a file, and whether kubelet ran with the change. */
const UNREPAIRED = [
  [
    {
      when: { notChanged: 'untrusted' },
      text: 'The repair changed nothing, because {untrusted} is not controlled by root alone.',
    },
    {
      when: { notChanged: 'no-copy' },
      text: 'The repair found no other copy in {searchedFolders}.',
    },
    {
      when: { notChanged: 'no-parent-folder' },
      text: 'The repair cannot create the folder: its parent does not exist.',
    },
    { when: { notChanged: 'no-ecr-provider' }, text: 'The repair found no provider whose name contains "ecr".' },
    {
      when: { notChanged: 'several-providers' },
      text: 'The repair did not use {copy}, because it has several providers.',
    },
    { when: { notChanged: 'copy-refused' }, text: 'The repair did not use {copy}, because kubelet refuses it.' },
    {
      when: { notChanged: 'changed-file-refused' },
      text: 'The repair changed nothing, because kubelet would refuse the changed file.',
    },
    {
      when: { notChanged: 'unread' },
      text: 'The repair did not restart kubelet, which runs: {unreadFile} changed after its start, and kubelet may refuse it ({unreadKey}). Check the file, then restart kubelet by hand.',
    },
    {
      when: { notChanged: 'unread' },
      text: 'The repair did not restart kubelet, which runs: {unreadFile} changed after its start, and kubelet may refuse it. Check the file, then restart kubelet by hand.',
    },
    {
      when: { notChanged: 'service-account' },
      text: 'The repair adds no pattern to a provider with tokenAttributes, because kubelet runs it for some pods only.',
    },
    { when: { notChanged: 'no-kubelet-unit' }, text: 'The repair found no systemd unit of kubelet to restart.' },
    { when: { notChanged: 'write-failed' }, text: 'The repair could not write the change.' },
    {
      when: { rolledBack: true },
      text: 'kubelet did not run with the change, and the repair rolled it back: {detail}.',
    },
    { when: { rolledBack: true }, text: 'kubelet did not run with the change, and the repair rolled it back.' },
    {
      when: { rolledBack: false },
      text: 'kubelet did not run with the change, and the repair could not roll it back; the previous file is {backup}: {detail}.',
    },
    {
      when: { rolledBack: false },
      text: 'kubelet did not run with the change, and the repair could not roll it back.',
    },
  ],
  [
    { when: { kubeletRuns: true }, text: 'kubelet runs as before.' },
    { when: { kubeletRuns: false }, text: 'kubelet does not run: {kubeletError}.' },
    { when: { kubeletRuns: false }, text: 'kubelet does not run.' },
  ],
] as const satisfies Message;
const UNREPAIRED_EVIDENCE = [
  'notChanged',
  'unreadFile',
  'unreadKey',
  'untrusted',
  'searchedFolders',
  'copy',
  'rolledBack',
  'backup',
  'kubeletRuns',
  'kubeletError',
] as const;

const INTERRUPTED = {
  when: { interrupted: true },
  text: 'An earlier repair was interrupted before kubelet ran with its change. Run the repair again.',
} as const;
const BLOCKS_KUBELET = {
  when: { blocksKubelet: true },
  text: 'kubelet exits at startup with "Failed to register CRI auth plugins".',
} as const;

/** The faults of a node's credentials for ECR, with their sentences. */
export const reasons = defineReasons({
  ...commonReasons,
  RuntimeDown,
  NodeRoleLacksECR,
  TokenUnavailable,
  RegistryUnreachable,
  RegistryCertificate,

  CredentialProviderMissing: {
    title: "kubelet's credential provider is missing or incomplete",
    severity: 'Fatal',
    scope: 'attributable',
    evidence: [
      'interrupted',
      'missingFlag',
      'missingPath',
      'flag',
      'missingProgram',
      'notExecutable',
      'blocksKubelet',
      ...UNREPAIRED_EVIDENCE,
    ],
    message: [
      [
        INTERRUPTED,
        {
          when: { missingFlag: 'both' },
          text: 'kubelet runs without --image-credential-provider-config and --image-credential-provider-bin-dir, so it pulls from ECR without credentials.',
        },
        'kubelet runs without {missingFlag}, which its credential provider requires.',
        "{missingPath}, which kubelet's flag {flag} names, does not exist.",
        'The program of the credential provider, {missingProgram}, does not exist.',
        'The program of the credential provider, {notExecutable}, is not executable.',
        "kubelet's credential provider is missing or incomplete.",
      ],
      BLOCKS_KUBELET,
      ...UNREPAIRED,
    ],
    cause:
      'kubelet\'s image credential provider flags name a folder, a configuration or a program that does not exist or is not executable. kubelet then exits at startup with "Failed to register CRI auth plugins". Without the flags it pulls from ECR without credentials.',
    advice:
      'Run the repair if the other folder of the AMIs has the file: it links the file and restarts kubelet. Otherwise add ecr-credential-provider and its configuration to the AMI, or correct --image-credential-provider-config and --image-credential-provider-bin-dir in the user data, and replace the node.',
  },
  CredentialProviderMismatch: {
    title: "kubelet's credential provider does not match the registry",
    severity: 'Fatal',
    scope: 'attributable',
    evidence: [
      'interrupted',
      'configFile',
      'registry',
      'onlyFor',
      'similarPattern',
      'wantedPattern',
      ...UNREPAIRED_EVIDENCE,
    ],
    message: [
      [
        INTERRUPTED,
        'kubelet runs the provider in {configFile} that matches {registry} only for pods whose service account has these annotations: {onlyFor}. All other pods pull from it without credentials.',
        'No pattern of matchImages in {configFile} matches {registry}, so kubelet pulls from it without credentials.',
        "No pattern of matchImages matches the node's registry, so kubelet pulls from it without credentials.",
      ],
      '{similarPattern} does not match, because the labels differ.',
      'The pattern {wantedPattern} is required.',
      ...UNREPAIRED,
    ],
    cause:
      "No pattern of matchImages matches the node's ECR registry, or only one of a provider whose tokenAttributes require an annotation of the pod's service account, so kubelet pulls without credentials. A pattern must have as many labels as the host: `*.dkr.ecr.*.amazonaws.cn` is not `*.dkr.ecr.*.amazonaws.com.cn`.",
    advice:
      'Run the repair: it adds the pattern and restarts kubelet. To a provider with tokenAttributes it adds none: add a second provider of another name without them. Then add the pattern in the AMI or the user data, because nodeadm (AL2023) rewrites the file at each boot.',
  },
  CredentialProviderInvalid: {
    title: 'The credential configuration is invalid',
    severity: 'Fatal',
    scope: 'node-local',
    evidence: [
      'configProblem',
      'configFile',
      'configField',
      'configValue',
      'apiVersion',
      'answerField',
      'tool',
      'dockerConfig',
      'blocksKubelet',
    ],
    message: [
      [
        { when: { configProblem: 'unreadable' }, text: 'fleetmend cannot read {configFile}: {detail}.' },
        { when: { configProblem: 'syntax' }, text: '{configFile} is not valid JSON or YAML: {detail}.' },
        {
          when: { configProblem: 'invalid' },
          text: '{configFile} is invalid: {configField} has the value "{configValue}".',
        },
        {
          when: { configProblem: ['invalid', 'missing'] },
          text: '{configFile} is invalid: {configField} is missing.',
        },
        {
          when: { configProblem: 'duplicate' },
          text: '{configFile} is invalid: {configField} repeats the name "{configValue}".',
        },
        {
          when: { configProblem: 'version' },
          text: '{tool} does not support {apiVersion}, the apiVersion in {configFile}: {detail}. Up to 1.27.0 it supports only v1alpha1, later only v1.',
        },
        {
          when: { configProblem: 'answer' },
          text: '{tool} does not support {apiVersion}, the apiVersion in {configFile}: its answer has no valid {answerField}. Up to 1.27.0 it supports only v1alpha1, later only v1.',
        },
        { when: { configProblem: 'start' }, text: 'kubelet does not start: {detail}.' },
        {
          when: { configProblem: 'docker' },
          text: "Docker's configuration {dockerConfig} is not valid JSON, so Docker has no credentials from it: {detail}.",
        },
        'The credential configuration is invalid.',
      ],
      {
        when: { configProblem: ['syntax', 'invalid', 'missing', 'duplicate'], blocksKubelet: true },
        text: BLOCKS_KUBELET.text,
      },
    ],
    cause:
      "kubelet refuses the configuration of its credential provider, or the provider does not support the apiVersion in it, or Docker's config.json is not valid JSON.",
    advice:
      'The message names the file and the fault. Correct the file as the current AMI has it (/etc/eks/image-credential-provider/config.json with credentialprovider.kubelet.k8s.io/v1, or v1alpha1 for ecr-credential-provider up to 1.27.0), then restart kubelet or replace the node.',
  },
  CredentialProviderFailed: {
    title: "kubelet's credential provider returned no credentials",
    severity: 'Fatal',
    scope: 'node-local',
    repairable: false,
    evidence: ['tool', 'registry'],
    message: [
      [
        '{tool} returned no credentials for {registry}: {detail}.',
        "kubelet's credential provider returned no credentials: {detail}.",
        "kubelet's credential provider returned no credentials.",
      ],
    ],
    cause:
      'The credential provider was run as kubelet runs it and returned no credentials, for a reason other than a missing permission.',
    advice:
      "The message has the provider's own error. Check that the program is for this node's architecture, and run it by hand as the README of the remediation ecr-credentials shows.",
  },
  KubeletDown: {
    title: 'kubelet does not run',
    severity: 'Fatal',
    scope: 'node-local',
    repairable: false,
    evidence: ['kubeletFault', 'kubeletUnit'],
    message: [
      [
        { when: { kubeletFault: 'stopped' }, text: '{kubeletUnit} is stopped: no pod starts on this node.' },
        { when: { kubeletFault: 'failed' }, text: '{kubeletUnit} has failed: no pod starts on this node.' },
        {
          when: { kubeletFault: 'restarting' },
          text: '{kubeletUnit} ends and is started again and again: no pod starts on this node.',
        },
        { when: { kubeletFault: 'waiting' }, text: '{kubeletUnit} is still starting: check again later.' },
        { when: { kubeletFault: 'silent' }, text: '{kubeletUnit} runs, but its health check does not answer.' },
        { when: { kubeletFault: 'unasked' }, text: 'systemd did not answer whether {kubeletUnit} runs.' },
        {
          when: { kubeletFault: 'not-found' },
          text: 'systemd has no {kubeletUnit}: nobody has seen that a kubelet runs on this node.',
        },
        'systemd does not run {kubeletUnit} ({kubeletFault}): no pod starts on this node.',
        'kubelet does not run: no pod starts on this node.',
      ],
      'Its last error is: {detail}.',
    ],
    cause:
      'kubelet does not run, or its health check does not answer: it was stopped, it does not start with its flags or files, or a program or unit that it needs is missing.',
    advice:
      'The message has the last error line of kubelet, or of systemd. Correct the flag or the file that it names (in the user data or the image), and restart kubelet: `systemctl restart kubelet`. Its whole log is `journalctl -u kubelet`.',
  },
  DockerCredentialsStale: {
    title: 'Docker uses a stored ECR login instead of its helper',
    severity: 'Warning',
    scope: 'attributable',
    evidence: ['dockerConfig', 'storedLogin', ...UNREPAIRED_EVIDENCE],
    message: [
      [
        '{dockerConfig} has a login for {storedLogin}, which expires after 12 hours. Docker uses it instead of the credential helper. To remove it by hand, run "docker logout {storedLogin}".',
        'Docker uses a stored ECR login instead of its credential helper.',
      ],
      ...UNREPAIRED,
    ],
    cause:
      "Docker's config.json has a login for an ECR registry. Docker uses it instead of the registry's credential helper, also after it expires, which is after 12 hours.",
    advice: 'Run the repair: it removes that one entry. Then find the program that runs docker login on the node.',
  },
  DockerCredentialHelperMissing: {
    title: "Docker's credential helper is missing",
    severity: 'Warning',
    scope: 'node-local',
    evidence: ['dockerConfig', 'credentialHelper'],
    message: [
      [
        '{dockerConfig} names the credential helper {credentialHelper}, which is not on the PATH, so Docker gets no credentials.',
        "Docker's credential helper is not on the PATH.",
      ],
    ],
    cause: "Docker's config.json names a credential helper whose program is not on the node's PATH.",
    advice: 'Install amazon-ecr-credential-helper in the AMI, or remove the helper from config.json.',
  },
});
