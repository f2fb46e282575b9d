import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { clusterPolicy, type Policy } from '../../core/model/policy.ts';
import type { NodeRef } from '../../core/signals/node-ref.ts';
import type { FoundNode } from '../../core/signals/place.ts';
import { capAtCheck, readSignal, signalSettings } from '../../core/signals/read-signal.ts';
import type { ReadSettings, Signal } from '../../core/signals/types.ts';
import type { Find } from '../adapters/ec2/instance-finder.ts';
import type { IsMember, NamedMember } from '../adapters/ec2/members.ts';
import { isReplayed, REPLAY_SOURCE } from '../adapters/messaging/replay-mark.ts';
import { parseBody } from '../runtime/batch.ts';
import { asError, PermanentError } from '../runtime/errors.ts';
import type { SignalIntakePorts } from './ports.ts';

/** The ports that reading a batch needs. */
type ReadPorts = Pick<SignalIntakePorts, 'store' | 'finder' | 'members' | 'policy' | 'count' | 'now'>;

/** One record of a batch: its signal, or why it cannot be accepted. */
export type ReadRecord = { readonly signal: Signal } | { readonly error: Error };

/** The signals of a batch by message id, and what EC2 shows of the instances that they name. */
export type ReadBatch = {
  readonly of: (messageId: string) => ReadRecord;
  /** The instances to which a signal refers. */
  readonly found: (signal: Signal) => readonly FoundNode[];
};

/** Whether the signal names a cluster that the policy does not list: then it costs no call and no budget. */
const isNotManaged = (signal: Signal, policy: Policy): boolean =>
  'cluster' in signal && signal.cluster !== undefined && clusterPolicy(policy, signal.cluster) === undefined;

/** The node that EC2 must resolve, if any. */
const unresolvedOf = (signal: Signal): NodeRef | undefined => {
  if (signal.kind === 'new-node') return { kind: 'instance-id', id: signal.instanceId };
  return signal.kind === 'node' && namedMemberOf(signal) === undefined ? signal.node : undefined;
};

/** The instance and the cluster, where a signal names both. */
const namedMemberOf = (signal: Signal): NamedMember | undefined =>
  signal.kind === 'node' && signal.cluster !== undefined && signal.node.kind === 'instance-id'
    ? { cluster: signal.cluster, instanceId: signal.node.id }
    : undefined;

const readRecord = async (ports: ReadPorts, settings: ReadSettings, record: SQSRecord): Promise<ReadRecord> => {
  const reading = readSignal(parseBody(record), settings);
  if (!reading.ok) throw new PermanentError(`reading the signal: field ${reading.field}: ${reading.message}`);
  const { signal, isForeign } = reading;
  // A person chose the letters that `replay` sent back; it has its own bound.
  if (isReplayed(record)) return { signal: capAtCheck(signal, REPLAY_SOURCE) };
  const isFree = !isForeign || signal.kind === 'ignored' || isNotManaged(signal, ports.policy);
  if (isFree) return { signal };
  const { source } = signal;
  const { maxForeignSignalsPerMinute: perBus, foreignSourcePercent } = ports.policy.limits;
  const perSource = Math.max(1, Math.floor((perBus * foreignSourcePercent) / 100));
  const spent = await ports.store.takeFromBudget(source, ports.now().toISOString(), { perSource, perBus });
  if (spent === 'taken') return { signal };
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
  for (const record of event.Records) {
    const read = readRecord(ports, settings, record);
    records.set(record.messageId, await read.catch((thrown: unknown) => ({ error: asError(thrown) })));
  }
  const wanted = [...records].flatMap(([messageId, record]) =>
    'signal' in record && !isNotManaged(record.signal, ports.policy) ? [{ messageId, signal: record.signal }] : [],
  );
  /** Asks about all at once. Where that fails, only the records that need the answer fail. */
  const ask = async <Named, Answer>(
    namedBy: (signal: Signal) => Named | undefined,
    find: (named: readonly Named[]) => Promise<Answer>,
  ): Promise<Answer | undefined> => {
    const asked = wanted.flatMap(({ messageId, signal }) => {
      const named = namedBy(signal);
      return named === undefined ? [] : [{ messageId, named }];
    });
    try {
      return await find(asked.map(({ named }) => named));
    } catch (thrown) {
      for (const { messageId } of asked) records.set(messageId, { error: asError(thrown) });
      return undefined;
    }
  };
  const find: Find = (await ask(unresolvedOf, ports.finder.find)) ?? (() => []);
  const isMember: IsMember = (await ask(namedMemberOf, ports.members.find)) ?? (() => false);
  const found = (signal: Signal): readonly FoundNode[] => {
    const [unresolved, named] = [unresolvedOf(signal), namedMemberOf(signal)];
    if (unresolved !== undefined) return find(unresolved);
    if (named === undefined || !isMember(named)) return [];
    const { instanceId, cluster } = named;
    return [{ instanceId, membership: { kind: 'cluster', cluster } }];
  };
  const missing: ReadRecord = { error: new Error('reading the batch: a record has no message id of the batch') };
  return { of: (messageId) => records.get(messageId) ?? missing, found };
};
