import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { clusterPolicy, type Policy } from '../../core/model/policy.ts';
import type { NodeRef } from '../../core/signals/node-ref.ts';
import { capAtCheck, readSignal, signalSettings } from '../../core/signals/read-signal.ts';
import type { ReadSettings, Signal } from '../../core/signals/types.ts';
import type { Find } from '../adapters/ec2/instance-finder.ts';
import { isReplayed, REPLAY_SOURCE } from '../adapters/messaging/replay-mark.ts';
import { parseBody } from '../runtime/batch.ts';
import { asError, PermanentError } from '../runtime/errors.ts';
import type { SignalIntakePorts } from './ports.ts';

/** The ports that reading a batch needs. */
type ReadPorts = Pick<SignalIntakePorts, 'store' | 'finder' | 'policy' | 'count' | 'now'>;

/** One record of a batch: its signal, or why it cannot be accepted. */
export type ReadRecord = { readonly signal: Signal } | { readonly error: Error };

/** The signals of a batch by message id, and the instances that EC2 shows for them. */
export type ReadBatch = { readonly of: (messageId: string) => ReadRecord; readonly find: Find };

/** Whether the signal names a cluster that the policy does not list: then it costs no call and no budget. */
const isNotManaged = (signal: Signal, policy: Policy): boolean =>
  'cluster' in signal && signal.cluster !== undefined && clusterPolicy(policy, signal.cluster) === undefined;

/** The node that EC2 must resolve, if any. A cluster and an id are enough: run-controller proves membership. */
export const unresolvedOf = (signal: Signal): NodeRef | undefined => {
  if (signal.kind === 'new-node') return { kind: 'instance-id', id: signal.instanceId };
  if (signal.kind !== 'node') return undefined;
  return signal.cluster !== undefined && signal.node.kind === 'instance-id' ? undefined : signal.node;
};

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
 * Reads the records of a batch, then reads all instances that they name with one EC2 call. If that call fails, only the
 * records that needed it fail, and SQS redelivers them.
 */
export const readBatch = async (ports: ReadPorts, event: SQSEvent): Promise<ReadBatch> => {
  const settings = signalSettings(ports.policy);
  const records = new Map<string, ReadRecord>();
  for (const record of event.Records) {
    const read = readRecord(ports, settings, record);
    records.set(record.messageId, await read.catch((thrown: unknown) => ({ error: asError(thrown) })));
  }
  const wanted = [...records].flatMap(([messageId, record]) => {
    const node =
      'signal' in record && !isNotManaged(record.signal, ports.policy) ? unresolvedOf(record.signal) : undefined;
    return node === undefined ? [] : [[messageId, node] as const];
  });
  let find: Find = () => [];
  try {
    find = await ports.finder.find(wanted.map(([, node]) => node));
  } catch (thrown) {
    for (const [messageId] of wanted) records.set(messageId, { error: asError(thrown) });
  }
  const missing: ReadRecord = { error: new Error('reading the batch: a record has no message id of the batch') };
  return { of: (messageId) => records.get(messageId) ?? missing, find };
};
