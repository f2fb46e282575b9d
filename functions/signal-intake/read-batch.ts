import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { clusterPolicy, type Policy } from '../../core/model/policy.ts';
import type { NodeRef } from '../../core/signals/node-ref.ts';
import type { FoundNode } from '../../core/signals/place.ts';
import { capAtCheck, readSignal, signalSettings } from '../../core/signals/read-signal.ts';
import type { ReadSettings, Signal } from '../../core/signals/types.ts';
import type { NamedMember } from '../adapters/ec2/members.ts';
import { isReplayed, REPLAY_SOURCE } from '../adapters/messaging/replay-mark.ts';
import { parseBody } from '../runtime/batch.ts';
import { asError, PermanentError } from '../runtime/errors.ts';
import type { SignalIntakePorts } from './ports.ts';

/** The ports that reading a batch needs. */
type ReadPorts = Pick<SignalIntakePorts, 'store' | 'finder' | 'members' | 'policy' | 'count' | 'now'>;

/** What EC2 shows of the instance that a signal names. */
type Shown = {
  /** The instances to which the signal refers. */
  readonly found: readonly FoundNode[];
  /** Whether EC2 may still show the instance, where it has shown none. */
  readonly mayAppear: boolean;
};

/** One record of a batch: its signal and what EC2 shows, or why it cannot be accepted. */
export type ReadRecord = (Shown & { readonly signal: Signal }) | { readonly error: Error };

/** The records of a batch by message id. */
export type ReadBatch = (messageId: string) => ReadRecord;

/**
 * EC2 is eventually consistent: for so long after the arrival of a signal, an instance that EC2 does not show may be one that
 * it does not show yet.
 */
const MAY_APPEAR_MS = 300_000;

/** Whether SQS redelivers the record: an earlier delivery failed, or came too early. */
export const isRedelivered = (record: SQSRecord): boolean => Number(record.attributes.ApproximateReceiveCount) > 1;

const receivedMs = (record: SQSRecord): number => Number(record.attributes.SentTimestamp);

/** Whether the signal names a cluster that the policy does not list: then it costs no call and no budget. */
const isNotManaged = (signal: Signal, policy: Policy): boolean =>
  'cluster' in signal && signal.cluster !== undefined && clusterPolicy(policy, signal.cluster) === undefined;

/** The signal of a record that EC2 is asked about. */
type Wanted = { readonly record: SQSRecord; readonly signal: Signal };

/** The node and the cluster, where a signal names both. */
const namedMemberOf = ({ record, signal }: Wanted): NamedMember | undefined =>
  signal.kind === 'node' && signal.cluster !== undefined
    ? { cluster: signal.cluster, node: signal.node, receivedMs: receivedMs(record) }
    : undefined;

/** The node whose cluster its tags must name, if any. */
const unresolvedOf = (wanted: Wanted): { readonly node: NodeRef; readonly receivedMs: number } | undefined => {
  const { record, signal } = wanted;
  const seen = { receivedMs: receivedMs(record) };
  if (signal.kind === 'new-node') return { node: { kind: 'instance-id', id: signal.instanceId }, ...seen };
  return signal.kind === 'node' && namedMemberOf(wanted) === undefined ? { node: signal.node, ...seen } : undefined;
};

const resolve = async (
  { finder, now }: ReadPorts,
  unresolved: readonly NonNullable<ReturnType<typeof unresolvedOf>>[],
): Promise<readonly Shown[]> => {
  const find = await finder.find(unresolved.map(({ node }) => node));
  const nowMs = now().getTime();
  return unresolved.map((one) => ({ found: find(one.node), mayAppear: nowMs - one.receivedMs < MAY_APPEAR_MS }));
};

const proveMembers = async ({ members }: ReadPorts, named: readonly NamedMember[]): Promise<readonly Shown[]> =>
  (await members.find(named)).map((answer, i): Shown => {
    const cluster = named[i]?.cluster;
    if (answer.as !== 'member' || cluster === undefined) return { found: [], mayAppear: answer.as === 'not-yet' };
    const membership = { kind: 'cluster', cluster } as const;
    return { found: answer.instanceIds.map((instanceId) => ({ instanceId, membership })), mayAppear: false };
  });

const readRecord = async (ports: ReadPorts, settings: ReadSettings, record: SQSRecord): Promise<Signal> => {
  const reading = readSignal(parseBody(record), settings);
  if (!reading.ok) throw new PermanentError(`reading the signal: field ${reading.field}: ${reading.message}`);
  const { signal, isForeign } = reading;
  // A person chose the letters that `replay` sent back; it has its own bound.
  if (isReplayed(record)) return capAtCheck(signal, REPLAY_SOURCE);
  // Its first delivery has taken from the budget.
  const isPaid = isRedelivered(record);
  if (!isForeign || isPaid || signal.kind === 'ignored' || isNotManaged(signal, ports.policy)) return signal;
  const { source } = signal;
  const { maxForeignSignalsPerMinute: perBus, foreignSourcePercent } = ports.policy.limits;
  const perSource = Math.max(1, Math.floor((perBus * foreignSourcePercent) / 100));
  const spent = await ports.store.takeFromBudget(source, ports.now().toISOString(), { perSource, perBus });
  if (spent === 'taken') return signal;
  ports.count('SignalOverBudget');
  const bound =
    spent === 'bus-spent'
      ? `${perBus} signals a minute from all sources`
      : `${perSource} signals a minute from ${source}`;
  throw new PermanentError(`OverBudget: more than ${bound}; replay brings it back`);
};

/**
 * Reads the records of a batch, then asks EC2 about all instances that they name. If that fails, only the records that
 * needed the answer fail, and SQS redelivers them.
 */
export const readBatch = async (ports: ReadPorts, event: SQSEvent): Promise<ReadBatch> => {
  const settings = signalSettings(ports.policy);
  const records = new Map<string, ReadRecord>();
  const wanted: Wanted[] = [];
  for (const record of event.Records) {
    try {
      const signal = await readRecord(ports, settings, record);
      records.set(record.messageId, { signal, found: [], mayAppear: false });
      if (!isNotManaged(signal, ports.policy)) wanted.push({ record, signal });
    } catch (thrown) {
      records.set(record.messageId, { error: asError(thrown) });
    }
  }
  /** Asks about all at once. Where that fails, only the records that need the answer fail. */
  const ask = async <Named>(
    namedBy: (wanted: Wanted) => Named | undefined,
    show: (ports: ReadPorts, named: readonly Named[]) => Promise<readonly Shown[]>,
  ): Promise<void> => {
    const asked = wanted.flatMap((one) => {
      const named = namedBy(one);
      return named === undefined ? [] : [{ ...one, named }];
    });
    try {
      const answers = await show(
        ports,
        asked.map(({ named }) => named),
      );
      for (const [i, { record, signal }] of asked.entries()) {
        const shown = answers[i];
        if (shown !== undefined) records.set(record.messageId, { signal, ...shown });
      }
    } catch (thrown) {
      for (const { record } of asked) records.set(record.messageId, { error: asError(thrown) });
    }
  };
  await ask(unresolvedOf, resolve);
  await ask(namedMemberOf, proveMembers);
  const missing: ReadRecord = { error: new Error('reading the batch: a record has no message id of the batch') };
  return (messageId) => records.get(messageId) ?? missing;
};
