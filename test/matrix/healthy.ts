import type { DeliveredDocument } from '../../lab/node.ts';
import type { RealFleet } from '../../lab/real/fleet.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { mustBeUntouched, settledSnapshot } from '../../lab/real/untouched.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { processorTime } from '../bench/processor-time.ts';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { documentOf, nameOf, runDocument } from './documents.ts';

/**
 * The most processor time, user and system, that a check of a healthy node may take, over that of a hundred forks in the
 * same run: twice the 2.9 that a check took before it asked the runtime's CRI, kubelet and the network's agent, which it now
 * has to see at work. 435 ms on a machine where a hundred forks take 75 ms.
 */
export const MAX_CHECK_OVER_HUNDRED_FORKS = 5.8;

/** What the checks of a healthy node found and cost. */
export type HealthyResult = {
  readonly versions: string;
  /** Processor time of `node-check` and all of its children: the least and the median of the runs. */
  readonly processorMs: { readonly least: number; readonly median: number };
  /** The same, at the least, of a document that forks a hundred times: what this machine takes for work of that kind. */
  readonly hundredForksMs: number;
};

/** A document that only forks, a hundred times. */
const hundredForks = (): DeliveredDocument => {
  const document = documentOf('pause-image-check');
  const mainSteps = document.content.mainSteps.map((step) => ({
    ...step,
    inputs: { ...step.inputs, runCommand: ['#!/bin/bash', 'for ((i = 0; i < 100; i += 1)); do /bin/true; done'] },
  }));
  return { ...document, content: { ...document.content, mainSteps } };
};

/** What documents may not leave behind: processes, mounts, and files that lie in memory. */
const tracesOn = async (node: RealNode): Promise<string[]> => {
  const script =
    'for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline; echo; done | grep -v -e "^sh -c for p" -e "^tr " -e "^grep " -e "^sort " | sort; cat /proc/mounts; ls -A /run /run/fleetmend /tmp /dev/shm';
  return (await node.exec(['sh', '-c', script])).stdout.split('\n').filter((line) => line.trim() !== '');
};

/**
 * A part of the check. A machine on which many nodes work at once may keep a service from answering in time: the part then
 * says Unknown, which is no fault. It is run once more, and its second answer counts.
 */
const checkOnce = async (node: RealNode, key: string): ReturnType<typeof runDocument> => {
  const first = await runDocument(node, key);
  return first.result.outcome === 'Unknown' ? await runDocument(node, key) : first;
};

/**
 * Runs every check of a healthy node, and `node-check` many times in a row: none may find anything, and all of them
 * together may leave no file, process, image, container or mount.
 */
export const checkHealthy = async (fleet: RealFleet, node: RealNode, times: number): Promise<HealthyResult> => {
  const pod = await node.runPodSandbox();
  await node.removeSandboxes();
  if (!pod.ok) throw new Error(`a pod does not start on a new node of ${nameOf(node)}: ${pod.error}`);
  for (const { name } of remediations) {
    const { what, result, reply } = await runDocument(node, `${name}-check`);
    if (!['Healthy', 'Unsupported'].includes(result.outcome)) {
      throw new Error(`${what}, which is healthy: ${reply.stdout}${reply.stderr}`);
    }
  }
  const [before, traces] = [await settledSnapshot(node), await tracesOn(node)];
  const processorMs: number[] = [];
  const forksMs: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const used = processorTime(fleet, node, 'agent');
    await node.run(hundredForks(), new AbortController().signal);
    const forked = processorTime(fleet, node, 'agent');
    // At the same time, as the run controller sends them.
    const parts = await Promise.all(NODE_CHECK_KEYS.map((key) => checkOnce(node, key)));
    forksMs.push(forked - used);
    processorMs.push(processorTime(fleet, node, 'agent') - forked);
    for (const { what, result, reply } of parts) {
      if (!['Healthy', 'Unsupported'].includes(result.outcome) || result.findings !== undefined) {
        throw new Error(`${what}, which is healthy: ${reply.stdout}${reply.stderr}`);
      }
    }
  }
  mustBeUntouched(`${times} checks in a row on ${nameOf(node)}`, before, await node.snapshot());
  const left = (await tracesOn(node)).filter((line) => !traces.includes(line));
  if (left.length > 0) throw new Error(`${times} checks in a row on ${nameOf(node)} left:\n${left.join('\n')}`);
  const sorted = processorMs.toSorted((a, b) => a - b);
  return {
    versions: await versionsOf(node),
    processorMs: { least: sorted[0] ?? Number.NaN, median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN },
    hundredForksMs: Math.min(...forksMs),
  };
};

/** The runtime's own word, since a Debian suite may move on. */
const versionsOf = async (node: RealNode): Promise<string> => {
  const commands = [
    ['containerd', '--version'],
    ['runc', '--version'],
    ...(node.docker === undefined ? [] : [['dockerd', '--version']]),
  ];
  const said = await Promise.all(
    commands.map(async (command) => (await node.exec(command)).stdout.split('\n')[0] ?? ''),
  );
  return said.map((line) => `${line.split(' ')[0]} ${/\d+\.\S+/.exec(line)?.[0] ?? line}`.replace(/,$/, '')).join(', ');
};
