import { defineRemediation } from '../../core/model/remediation.ts';
import { guide } from './guide.ts';
import { logLines } from './log-lines.ts';
import { reasons } from './reasons.ts';

/** Repairs kubelet's and Docker's credentials for private ECR registries. */
export const remediation = defineRemediation({
  name: 'ecr-credentials',
  summary:
    "Repairs kubelet's image credential provider and Docker's logins, so that pods can be pulled from private ECR.",
  order: 30,
  disruptive: true,
  reasons,
  guide,
  evidence: {
    nodeRole: 'Name of the node role.',
    configFile: "The configuration of kubelet's credential provider.",
    registry: "The node's ECR registry, or unknown.",
    similarPattern: 'The pattern of matchImages that ends like the registry.',
    wantedPattern: 'The pattern that the registry requires.',
    missingFlag: "kubelet's missing flag, or both.",
    flag: "kubelet's flag that names the missing path.",
    missingPath: "The folder or file that kubelet's flag names and that does not exist.",
    missingProgram: 'The program that the configuration names and that does not exist.',
    notExecutable: 'The program that is not executable.',
    blocksKubelet: 'True where kubelet exits at startup because of the fault.',
    configProblem:
      'Why the configuration is invalid: syntax, invalid, missing or duplicate (a field), version or answer (of the program), start (of kubelet) or docker; unreadable where fleetmend cannot decide.',
    configField: 'The field of the configuration that kubelet refuses.',
    configValue: 'The value of that field.',
    apiVersion: 'The apiVersion that the configuration gives the provider.',
    answerField: "The field of the program's answer that is missing or wrong.",
    dockerConfig: "The configuration of Docker's client.",
    credentialHelper: "The program of Docker's credential helper.",
    storedLogin: 'The ECR registry with a stored login.',
    interrupted: 'True where an earlier repair was interrupted before kubelet ran with its change.',
    notAsked: 'The path because of which the credential provider was not run, and why.',
    notChanged: 'Why the repair changed no file.',
    unreadFile: 'The file that changed after the running kubelet started.',
    unreadKey: 'The key of that file that kubelet may refuse.',
    onlyFor:
      'For which pods alone kubelet runs the provider (tokenAttributes): service-account, or the required annotations.',
    untrusted: 'The path that is not controlled by root alone, and why.',
    searchedFolders: 'The folders without another copy.',
    copy: 'The copy that the repair did not use.',
    rolledBack: 'Whether the repair could roll back the change with which kubelet did not run.',
    kubeletRuns: 'Whether kubelet runs after that.',
    kubeletError: "kubelet's last error after that.",
    kubeletFault:
      'Why kubelet does not run: stopped, failed, restarting, waiting (still starting), silent (its health check does not answer), unasked (systemd does not answer), not-found (no unit of it), or another load state of its unit.',
    kubeletUnit: "kubelet's unit.",
    backup: 'The copy of the file before the change.',
    blockingUnit: 'The unit that must run before kubelet can be restarted.',
    unitState: 'State of that unit.',
  },
  healthy: [
    [
      {
        when: { registry: 'unknown' },
        text: "kubelet's credential provider is valid. The node's ECR registry is unknown.",
      },
      {
        when: { onlyFor: 'service-account' },
        text: "kubelet's credential provider is valid and matches {registry}. kubelet runs it only for pods with a service account (tokenAttributes), so it was not run.",
      },
      "kubelet's credential provider is valid and matches {registry}.",
      'The credentials for ECR are valid.',
    ],
    'The provider was not run, because {notAsked} is not controlled by root alone.',
  ],
  repaired: [
    [
      {
        when: { method: 'logout' },
        text: 'The stored login was removed from {dockerConfig}. Docker uses its credential helper again.',
      },
      {
        when: { registry: 'unknown' },
        text: "kubelet was restarted and is healthy. The node's ECR registry is unknown.",
      },
      {
        when: { onlyFor: 'service-account' },
        text: 'kubelet was restarted and is healthy. Its credential provider serves {registry} only for pods with a service account.',
      },
      'kubelet was restarted and is healthy, and its credential provider serves {registry}.',
      'kubelet was restarted and is healthy.',
    ],
    [
      {
        when: { willRecur: true },
        text: 'nodeadm rewrites these files at each boot: also change the AMI, or the NodeConfig in the user data.',
      },
      { when: { willRecur: false }, text: 'Only this node was repaired: also change the AMI or the user data.' },
    ],
  ],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines,
});
