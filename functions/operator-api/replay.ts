import * as z from 'zod';
import { readSymptoms } from '../../core/logs/symptoms.ts';
import { defined } from '../../core/model/defined.ts';
import { ClusterName, InstanceId, IsoTime } from '../../core/model/ids.ts';
import { checkLaneName, NODE_CHECK } from '../../core/model/lane-name.ts';
import { clusterPolicy } from '../../core/model/policy.ts';
import { Wake, wakeLane } from '../../core/model/wake.ts';
import { notAfter } from '../../core/signals/route.ts';
import { decodeLogs } from '../../events/logs-subscription.ts';
import { CommandStatusEvent } from '../../events/ssm-command.ts';
import { classify } from '../../ssm-documents/classify.ts';
import type { DeadLetter } from '../adapters/messaging/dead-letters.ts';
import type { OperatorApiPorts } from './ports.ts';

/** The answer of `replay`. */
export type ReplayAnswer = {
  readonly replayed: number;
  /** Messages that stay on their queue, and why. */
  readonly left: readonly { readonly messageId: string; readonly queueUrl: string; readonly why: string }[];
};

type Node = {
  readonly cluster: string;
  readonly instanceId: string;
  readonly reason?: string;
  readonly seenAt?: string;
};

/** The request that a replayed dead letter leads to. */
type Reading =
  | { readonly kind: 'nodes'; readonly nodes: readonly Node[] }
  | { readonly kind: 'wake'; readonly wake: Wake }
  | { readonly kind: 'leave'; readonly why: string };

/** Lambda's on-failure destination wraps the event that the function was called with. */
const Wrapped = z.object({ requestPayload: z.unknown() });
/** The fields of a signal that a check of its node needs. */
const NamesNode = z.object({
  detail: z.object({
    cluster: ClusterName,
    instanceId: InstanceId,
    reason: z.string().max(64).optional().catch(undefined),
    lastSeenAt: IsoTime.optional().catch(undefined),
  }),
});

const readLogs = (deps: OperatorApiPorts, body: unknown): Reading => {
  const reading = decodeLogs(body);
  if (!reading.ok) return { kind: 'leave', why: reading.error };
  if (reading.value.messageType === 'CONTROL_MESSAGE') return { kind: 'nodes', nodes: [] };
  const { logGroup, logStream, logEvents } = reading.value;
  const groups = deps.settings.logGroups;
  const cluster = Object.hasOwn(groups, logGroup) ? groups[logGroup] : undefined;
  if (cluster === undefined) return { kind: 'leave', why: `the configuration lists no log group ${logGroup}` };
  const { symptoms } = readSymptoms(cluster, logStream, logEvents, deps.now().getTime(), {
    classify,
    knows: () => true,
  });
  return { kind: 'nodes', nodes: symptoms.map((s) => ({ ...s, seenAt: s.lastSeenAt })) };
};

const read = async (deps: OperatorApiPorts, text: string): Promise<Reading> => {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { kind: 'leave', why: 'its body is not JSON' };
  }
  const wrapped = Wrapped.safeParse(body);
  if (wrapped.success) body = wrapped.data.requestPayload;
  const wake = Wake.safeParse(body);
  if (wake.success) return { kind: 'wake', wake: wake.data };
  if (typeof body === 'object' && body !== null && 'awslogs' in body) return readLogs(deps, body);
  const status = CommandStatusEvent.safeParse(body);
  if (status.success) {
    const commandId = status.data.detail['command-id'];
    const command = await deps.results.getCommand(commandId);
    if (command === undefined) return { kind: 'leave', why: `command ${commandId} is not one of fleetmend's` };
    return {
      kind: 'nodes',
      nodes: command.instanceIds.map((instanceId) => ({ cluster: command.cluster, instanceId })),
    };
  }
  const node = NamesNode.safeParse(body);
  if (!node.success) return { kind: 'leave', why: 'it names no cluster and instance' };
  const { cluster, instanceId, reason, lastSeenAt } = node.data.detail;
  return {
    kind: 'nodes',
    nodes: [
      {
        cluster,
        instanceId,
        ...defined({ reason, seenAt: lastSeenAt }),
      },
    ],
  };
};

/** Brings one letter back; returns why it could not, and then it stays. */
const bringBack = async (deps: OperatorApiPorts, letter: DeadLetter): Promise<string | undefined> => {
  const reading = await read(deps, letter.body);
  if (reading.kind === 'leave') return reading.why;
  if (reading.kind === 'wake') {
    await deps.wakes.wake([reading.wake]);
    return undefined;
  }
  const unmanaged = reading.nodes.find((node) => clusterPolicy(deps.settings.policy, node.cluster) === undefined);
  if (unmanaged !== undefined) return `the policy does not list cluster ${unmanaged.cluster}`;
  const now = deps.now().toISOString();
  const lanes = new Set<string>();
  for (const node of reading.nodes) {
    const seenAt = notAfter(node.seenAt ?? now, Date.parse(now));
    await deps.signals.addPending({
      lane: checkLaneName(node.cluster),
      cluster: node.cluster,
      instanceId: node.instanceId,
      reason: node.reason ?? 'OperatorRequest',
      firstSeenAt: seenAt,
      lastSeenAt: seenAt,
      signals: 1,
      source: 'fleetmend.replay',
      because: { kind: 'operator' },
    });
    lanes.add(await deps.signals.touchLane(node.cluster, NODE_CHECK, now));
  }
  await deps.wakes.wake([...lanes].map(wakeLane));
  return undefined;
};

/**
 * Takes at most `max` letters from the dead-letter queues and brings each back as a check (wakes as wakes). A letter
 * is deleted only after that has succeeded; the others come back into sight by themselves.
 */
export const replayDeadLetters = async (deps: OperatorApiPorts, max: number): Promise<ReplayAnswer> => {
  const seen = new Set<string>();
  const left: { messageId: string; queueUrl: string; why: string }[] = [];
  let replayed = 0;
  for (const queueUrl of deps.deadLetterQueueUrls) {
    while (seen.size < max) {
      const letters = await deps.letters.receive(queueUrl, max - seen.size);
      if (letters.length === 0) break;
      for (const letter of letters) {
        if (seen.has(letter.messageId)) continue;
        seen.add(letter.messageId);
        const why = await bringBack(deps, letter);
        if (why === undefined) {
          await deps.letters.remove(letter);
          replayed++;
        } else left.push({ messageId: letter.messageId, queueUrl, why });
      }
    }
  }
  return { replayed, left };
};
