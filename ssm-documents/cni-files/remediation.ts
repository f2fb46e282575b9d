import { defineReasons } from '../../core/model/reasons.ts';
import { defineRemediation } from '../../core/model/remediation.ts';
import { commonReasons } from '../lib/reasons/common-reasons.ts';
import { runtimeEvidence } from '../lib/reasons/evidence.ts';
import { runtimeReasons } from '../lib/reasons/runtime-reasons.ts';
import { logLines } from './log-lines.ts';

const { ConfigUnreadable, RuntimeDown, RuntimeNotContainerd } = runtimeReasons;

const reasons = defineReasons({
  ...commonReasons,
  ConfigUnreadable,
  RuntimeDown,
  RuntimeNotContainerd,

  CNIConfigMissing: {
    title: 'There is no CNI configuration',
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      'There is no CNI configuration on the node, so that it is NotReady. aws-node writes 10-aws.conflist only once its ipamd is up: mostly aws-node does not run or ipamd cannot reach the API server, EC2 or instance metadata; seldom somebody deleted the file.',
    advice:
      'If aws-node runs, run the repair: it starts aws-node anew, which writes the file again. Otherwise look at its pod: `kubectl -n kube-system describe pod aws-node-...`, and at /var/log/aws-routed-eni/ipamd.log. Never write the file by hand: the node would be Ready with pods that fail.',
  },
  CNIConfigInvalid: {
    title: 'The CNI configuration is invalid',
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      'The CNI configuration that the runtime takes, the first of its folder, cannot be used: no valid JSON, no plugins, or a cniVersion that the plugins do not speak. containerd then takes no other.',
    advice:
      'The message names the file. Run the repair if it is 10-aws.conflist; otherwise have the agent of that CNI write it again, or move it away if that CNI is no longer in use.',
  },
  CNIConfigConflict: {
    title: 'A leftover CNI configuration takes precedence',
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      "A configuration that another CNI left behind comes first in the folder, so that new pods do not get aws-node's network although aws-node runs.",
    advice:
      'Run the repair: it moves the file to a folder beside, from where it can be moved back. Remove the other CNI from your AMI or user data if it came from there.',
  },
  CNIBinaryMissing: {
    title: 'A CNI plugin is missing',
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      'A program of a CNI plugin is missing. containerd does not look: the node says Ready, and every new pod with a network of its own fails with "failed to find plugin".',
    advice:
      "Delete the node's aws-node pod (`kubectl -n kube-system delete pod aws-node-...`): the init container of the new one installs the plugins. The repair brings back only what aws-node installs by itself (aws-cni, egress-cni). Find out what deleted them.",
  },
  CNIBinaryInvalid: {
    title: 'A CNI plugin cannot be executed',
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      'A program of a CNI plugin cannot be run: it lacks the execute bit, is damaged or was built for another architecture. The node says Ready, and every new pod with a network of its own fails.',
    advice:
      "Run the repair where only the execute bit is missing. Otherwise delete the node's aws-node pod, whose init container installs the plugins, or repair the AMI that brought them.",
  },
  CNINotReady: {
    title: 'The pod network is not ready',
    severity: 'Fatal',
    scope: 'attributable',
    cause:
      "The files are there, but the network is not: aws-node's ipamd does not answer, so that no pod gets an address, or the runtime itself says that its network is not ready.",
    advice:
      'Run the repair if aws-node runs. Otherwise look at /var/log/aws-routed-eni/ipamd.log (API server, IAM permissions, instance metadata) and at the aws-node pod. If the runtime has lost sight of its folder: `systemctl restart containerd`, which running pods survive.',
  },
});

/** Finds out why pods get no network, and repairs what is safe: an execute bit, a leftover, an aws-node to start anew. */
export const remediation = defineRemediation({
  name: 'cni-files',
  summary:
    'Finds out why pods get no network (CNI configuration, plugins, aws-node), and repairs an execute bit, the leftover of another CNI, or an aws-node that has to start again.',
  order: 40,
  disruptive: true,
  reasons,
  evidence: {
    ...runtimeEvidence,
    configuredImage: 'The sandbox image as the runtime configuration names it.',
    config: 'The CNI configuration that the runtime uses.',
    plugins: 'Types of its plugins.',
    awsNode: "State of aws-node's container.",
    ipamd: "State of aws-node's ipamd.",
    ipamdLog: 'The last error in the log of ipamd.',
    networkReady: 'Whether the runtime reports NetworkReady.',
    networkReadyBy: 'The interface that reported it.',
  },
  healthy: ['{config} and its plugins are in order.'],
  repaired: ['The pod network was repaired.'],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines,
});
