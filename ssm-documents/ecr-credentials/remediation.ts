import { defineReasons } from '../../core/model/reasons.ts';
import { defineRemediation } from '../../core/model/remediation.ts';
import { commonReasons } from '../lib/reasons/common-reasons.ts';
import { registryReasons } from '../lib/reasons/registry-reasons.ts';
import { runtimeReasons } from '../lib/reasons/runtime-reasons.ts';
import { logLines } from './log-lines.ts';

const { NodeRoleLacksECR, TokenUnavailable, RegistryUnreachable, RegistryCertificate } = registryReasons;
const { RuntimeDown } = runtimeReasons;

const reasons = defineReasons({
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
    cause:
      'A folder, configuration or program that kubelet\'s image credential provider flags name is not there. kubelet ends at its start with "Failed to register CRI auth plugins"; without the flags it pulls from ECR without credentials.',
    advice:
      'Run the repair where the other folder of the AMIs has the file: it links it and restarts kubelet. Otherwise put ecr-credential-provider and its configuration into the AMI, or correct --image-credential-provider-config and --image-credential-provider-bin-dir in the user data, and replace the node.',
  },
  CredentialProviderMismatch: {
    title: "kubelet's credential provider does not match the registry",
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      "No pattern of matchImages takes in the node's ECR registry, so kubelet never asks its credential provider and pulls without credentials. A pattern must have as many labels as the host: `*.dkr.ecr.*.amazonaws.cn` is not `*.dkr.ecr.*.amazonaws.com.cn`.",
    advice:
      'Run the repair: it adds the pattern and restarts kubelet. Then add it in the AMI or the user data; nodeadm (AL2023) writes the file anew at each boot.',
  },
  CredentialProviderInvalid: {
    title: 'The credential configuration is invalid',
    severity: 'Fatal',
    scope: 'node-local',
    cause:
      "kubelet would refuse the configuration of its credential provider, or the provider does not speak the apiVersion that it names; or Docker's config.json is no JSON.",
    advice:
      'The message names the file and the fault. Correct it as the current AMI has it (/etc/eks/image-credential-provider/config.json with credentialprovider.kubelet.k8s.io/v1, or v1alpha1 for ecr-credential-provider up to 1.27.0), then restart kubelet or replace the node.',
  },
  CredentialProviderFailed: {
    title: "kubelet's credential provider returned no credentials",
    severity: 'Fatal',
    scope: 'node-local',
    cause:
      'The credential provider was asked as kubelet asks it and gave no credentials, for another reason than a missing permission.',
    advice:
      "The message has the provider's own words. Check that the program is for this node's processor, and try by hand what the README of the remediation ecr-credentials shows.",
  },
  DockerCredentialsStale: {
    title: 'Docker uses a stored ECR login instead of its helper',
    severity: 'Warning',
    scope: 'attributable',
    cause:
      "Docker's config.json holds a login for an ECR registry. It lasts 12 h, and is used instead of the registry's credential helper after that, too.",
    advice: 'Run the repair: it removes that one entry. Then find what runs docker login on the node.',
  },
  DockerCredentialHelperMissing: {
    title: "Docker's credential helper is missing",
    severity: 'Warning',
    scope: 'node-local',
    cause: "Docker's config.json names a credential helper whose program is not on the node's PATH.",
    advice: 'Install amazon-ecr-credential-helper in the AMI, or remove the helper from config.json.',
  },
});

/** Has kubelet (and Docker, where that is the runtime) get credentials for private ECR registries again. */
export const remediation = defineRemediation({
  name: 'ecr-credentials',
  summary:
    "Repairs kubelet's image credential provider and Docker's logins, so that pods can be pulled from private ECR.",
  order: 30,
  disruptive: true,
  reasons,
  evidence: {
    nodeRole: 'Name of the node role.',
    configFile: "The configuration of kubelet's credential provider.",
    registry: "The node's ECR registry, or unknown.",
    wantedPattern: 'The pattern that the registry needs.',
    notAsked: 'Why the credential provider was not run.',
    backup: 'The copy of the file before the change.',
  },
  healthy: ['The credentials for ECR are in order.'],
  repaired: ['The credentials for ECR were repaired.'],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines,
});
