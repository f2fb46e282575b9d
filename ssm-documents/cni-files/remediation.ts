import type { Message } from '../../core/model/message.ts';
import { defineReasons } from '../../core/model/reasons.ts';
import { defineRemediation } from '../../core/model/remediation.ts';
import { commonReasons } from '../lib/reasons/common-reasons.ts';
import { runtimeEvidence } from '../lib/reasons/evidence.ts';
import { runtimeReasons } from '../lib/reasons/runtime-reasons.ts';
import { guide } from './guide.ts';
import { logLines } from './log-lines.ts';

const { ConfigUnreadable, DiskFull, RuntimeDown, RuntimeNotContainerd } = runtimeReasons;

/** Whether the repair can help, and the alternatives. */
const NEXT_STEP = [
  {
    when: { outcome: 'Broken', repairStep: 'restart-aws-node' },
    text: 'The repair restarts aws-node.',
  },
  { when: { outcome: 'Broken', repairStep: 'set-mode' }, text: 'The repair sets the execute bit.' },
  { when: { outcome: 'Broken', repairStep: 'move-aside' }, text: 'The repair moves the file aside.' },
  {
    when: { outcome: 'NotRepaired', repairStep: ['restart-aws-node', 'move-aside'] },
    text: 'The repair did not help: check the aws-node pod, or replace the node.',
  },
  'The container runtime or aws-node started less than {settleSeconds} s ago: check again later.',
] as const satisfies Message;
const NEXT_STEP_EVIDENCE = ['repairStep', 'settleSeconds'] as const;

const reasons = defineReasons({
  ...commonReasons,
  ConfigUnreadable,
  DiskFull,
  RuntimeDown,
  RuntimeNotContainerd,

  CNIConfigMissing: {
    title: 'There is no CNI configuration',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['confDir', ...NEXT_STEP_EVIDENCE],
    message: [
      [
        'There is no CNI configuration in {confDir}: the node is NotReady.',
        'There is no CNI configuration: the node is NotReady.',
      ],
      ...NEXT_STEP,
    ],
    cause:
      'There is no CNI configuration on the node, so that it is NotReady. aws-node writes 10-aws.conflist only when its ipamd is up: in most cases aws-node does not run, or ipamd cannot reach the API server, EC2 or instance metadata. In rare cases the file was deleted.',
    advice:
      'If aws-node runs, run the repair: it restarts aws-node, which writes the file again. Otherwise inspect its pod: `kubectl -n kube-system describe pod aws-node-...`, and /var/log/aws-routed-eni/ipamd.log. Never write the file by hand: the node would be Ready, but its pods would fail.',
  },
  CNIConfigInvalid: {
    title: 'The CNI configuration is invalid',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['config', 'configProblem', 'configError', 'cniVersion', 'unsupportedBy', ...NEXT_STEP_EVIDENCE],
    message: [
      [
        'The CNI configuration {config} is not valid JSON ({configError}).',
        { when: { configProblem: 'invalid-json' }, text: 'The CNI configuration {config} is not valid JSON.' },
        {
          when: { configProblem: 'dangling-link' },
          text: 'The CNI configuration {config} is a link to a file that does not exist.',
        },
        { when: { configProblem: 'no-name' }, text: 'The CNI configuration {config} has no name.' },
        { when: { configProblem: 'no-plugins' }, text: 'The CNI configuration {config} has no plugins.' },
        {
          when: { configProblem: 'no-plugin-type' },
          text: 'The CNI configuration {config} has a plugin without a type.',
        },
        {
          when: { configProblem: 'unread' },
          text: 'The CNI configuration {config} could not be checked: {detail}.',
        },
        'The CNI configuration {config} has the cniVersion {cniVersion}, which {unsupportedBy} does not support.',
        'The CNI configuration is invalid.',
      ],
      {
        when: {
          configProblem: [
            'invalid-json',
            'dangling-link',
            'no-name',
            'no-plugins',
            'no-plugin-type',
            'unsupported-version',
          ],
        },
        text: 'The runtime uses no other file: no pod gets a network.',
      },
      {
        when: { outcome: 'Broken', repairStep: 'none' },
        text: 'Correct the file, or move it away if its CNI is no longer in use.',
      },
      ...NEXT_STEP,
    ],
    cause:
      'The CNI configuration that the runtime uses, the first in its folder, is invalid: not valid JSON, without plugins, or with a cniVersion that the plugins do not support. containerd then uses no other file.',
    advice:
      'The message names the file. Run the repair if it is 10-aws.conflist; otherwise let the agent of that CNI write it again, or move it away if that CNI is no longer in use.',
  },
  CNIConfigConflict: {
    title: 'A leftover CNI configuration takes precedence',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['config', ...NEXT_STEP_EVIDENCE],
    message: [
      '{config} takes precedence over 10-aws.conflist, but its CNI has no agent on this node.',
      {
        when: { repairStep: 'none' },
        text: 'The repair does not move it, because the runtime may have a working network by it: decide which CNI the node must use, and move the file by hand.',
      },
      ...NEXT_STEP,
    ],
    cause:
      "A configuration that another CNI left behind comes first in the folder, so that new pods do not get aws-node's network although aws-node runs.",
    advice:
      'Run the repair: it moves the file to a folder beside it, from which it can be moved back. Remove the other CNI from your AMI or user data if it came from there.',
  },
  CNIAgentMissing: {
    title: 'The agent of the CNI that comes first does not run',
    severity: 'Fatal',
    scope: 'node-local',
    repairable: false,
    evidence: ['config', 'missingAgent', 'agentState', ...NEXT_STEP_EVIDENCE],
    message: [
      [
        'The runtime uses {config}, but the agent of its CNI, the container {missingAgent}, does not run on this node ({agentState}): new pods may get no network.',
        'The agent of the CNI that the runtime uses does not run on this node: new pods may get no network.',
      ],
      'The container runtime or aws-node started less than {settleSeconds} s ago: check again later.',
    ],
    cause:
      'The CNI configuration that comes first in its folder is that of a CNI whose agent (for example Multus, Cilium or Calico) does not run on the node. Its plugin needs the agent for new pods.',
    advice:
      'If the node is meant to run that CNI, inspect the pod of its agent: the message names the container. Otherwise move the configuration that the message names away, so that the next one is used, and remove that CNI from your image or user data.',
  },
  CNIBinaryMissing: {
    title: 'A CNI plugin is missing',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['binDirs', 'missingPlugins', 'config', 'pluginAgent', ...NEXT_STEP_EVIDENCE],
    message: [
      [
        'These CNI plugins are missing from {binDirs}: {missingPlugins}. {config} needs them: no pod gets a network.',
        'A CNI plugin is missing: no pod gets a network.',
      ],
      [
        {
          when: { outcome: 'Broken', repairStep: 'none', pluginAgent: 'aws-node' },
          text: "Delete the node's aws-node pod (kubectl -n kube-system delete pod): the init container of the new pod installs them.",
        },
        { when: { outcome: 'Broken', repairStep: 'none' }, text: "Restart the agent of the node's CNI." },
      ],
      ...NEXT_STEP,
    ],
    cause:
      'A CNI plugin is missing. containerd does not check this: the node is Ready, and every new pod with a network of its own fails with "failed to find plugin".',
    advice:
      "Delete the node's aws-node pod (`kubectl -n kube-system delete pod aws-node-...`): the init container of the new pod installs the plugins. The repair restores only the plugins that aws-node itself installs (aws-cni, egress-cni). Find out what deleted them.",
  },
  CNIBinaryInvalid: {
    title: 'A CNI plugin cannot be executed',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['binDirs', 'unusablePlugins', 'notExecutable', 'untrusted', ...NEXT_STEP_EVIDENCE],
    message: [
      [
        'These CNI plugins in {binDirs} cannot run on this node, because they are damaged or for another architecture: {unusablePlugins}. No pod gets a network.',
        'These CNI plugins are not executable: {notExecutable}. No pod gets a network.',
        'A CNI plugin cannot be executed: no pod gets a network.',
      ],
      'The execute bit is not set, because {untrusted} is not controlled by root alone.',
      ...NEXT_STEP,
    ],
    cause:
      'A CNI plugin cannot be executed: it lacks the execute bit, is damaged or was built for another architecture. The node is Ready, and every new pod with a network of its own fails.',
    advice:
      "Run the repair if only the execute bit is missing. Otherwise delete the node's aws-node pod, whose init container installs the plugins, or correct the AMI that brought them.",
  },
  CNINotReady: {
    title: 'The pod network is not ready',
    severity: 'Fatal',
    scope: 'attributable',
    evidence: ['config', 'networkMessage', 'ipamd', 'awsNode', ...NEXT_STEP_EVIDENCE],
    message: [
      [
        {
          when: { ipamd: 'silent' },
          text: "aws-node's ipamd does not respond (container {awsNode}): no pod gets an address.",
        },
        { when: { ipamd: 'down' }, text: "aws-node's ipamd is down (container {awsNode}): no pod gets an address." },
        '{config} is valid, but the runtime reports that its network is not ready: {networkMessage}.',
        'The runtime reports that its network is not ready.',
      ],
      {
        when: { outcome: 'Broken', repairStep: 'none', ipamd: 'up' },
        text: 'The folder of the configuration may have been replaced, which the runtime does not notice: restart the runtime; running pods continue.',
      },
      ...NEXT_STEP,
    ],
    cause:
      "The files are valid, but the network is not ready: aws-node's ipamd does not respond, so that no pod gets an address, or the runtime itself reports that its network is not ready.",
    advice:
      'Run the repair if aws-node runs. Otherwise check /var/log/aws-routed-eni/ipamd.log (API server, IAM permissions, instance metadata) and the aws-node pod. If the runtime no longer watches its folder: `systemctl restart containerd`, during which running pods continue.',
  },
});

/** Finds out why pods get no network. Repairs an execute bit or a leftover configuration, and restarts aws-node. */
export const remediation = defineRemediation({
  name: 'cni-files',
  summary:
    'Finds out why pods get no network (CNI configuration, plugins, aws-node), and repairs an execute bit, the leftover of another CNI, or an aws-node that has to start again.',
  order: 40,
  disruptive: true,
  reasons,
  guide,
  evidence: {
    ...runtimeEvidence,
    configuredImage: 'The sandbox image as the runtime configuration names it.',
    config: 'The CNI configuration that the runtime uses.',
    plugins: 'Types of its plugins.',
    awsNode: "State of aws-node's container: running, stopped, absent or several.",
    ipamd: "State of aws-node's ipamd.",
    ipamdLog: 'The last error in the log of ipamd.',
    networkReady: 'Whether the runtime reports NetworkReady.',
    networkReadyBy: 'The interface that reported it.',
    networkMessage: "The runtime's own message about its network.",
    confDir: 'The folder of CNI configurations.',
    binDirs: 'The folders of CNI plugins.',
    configProblem:
      'The fault of the configuration: invalid-json, dangling-link, no-name, no-plugins, no-plugin-type, unsupported-version or unread.',
    configError: 'Where the JSON is invalid.',
    missingAgent: 'The container of the agent that the configuration needs.',
    agentState: 'Whether that container is stopped or absent.',
    cniVersion: 'The cniVersion of the configuration.',
    unsupportedBy: 'The plugin that does not support it.',
    missingPlugins: 'Plugins that are missing.',
    unusablePlugins: 'Plugins that cannot run on this node.',
    notExecutable: 'Plugins without the execute bit.',
    pluginAgent: 'aws-node, where the plugins are those of the VPC CNI.',
    untrusted: 'The path that is not controlled by root alone, and why.',
    repairStep: 'The step of the repair that could help: restart-aws-node, set-mode, move-aside or none.',
    settleSeconds: 'The time within which a node counts as starting, in seconds.',
    madeExecutable: 'Plugins that are executable again.',
    movedTo: 'The folder to which a configuration was moved.',
    restarted: 'Whether aws-node was restarted.',
  },
  healthy: [['{config} and its plugins are valid.', 'The CNI configuration and its plugins are valid.']],
  repaired: [
    'The execute bit of {madeExecutable} was set.',
    'A leftover CNI configuration was moved to {movedTo}.',
    { when: { restarted: true }, text: 'aws-node was restarted.' },
    'The pod network is ready.',
  ],
  executionTimeoutSeconds: { check: 60, repair: 300 },
  logLines,
});
