import type { SQSEvent } from 'aws-lambda';
import { clusterPolicy, type Policy } from '../../core/model/policy.ts';
import type { NodeRef } from '../../core/signals/node-ref.ts';
import { LOGS_SOURCE } from '../../core/signals/node-symptom.ts';
import { readSignal, type Signal, type SignalOptions } from '../../core/signals/registry.ts';
import type { Find, InstanceFinder } from '../adapters/ec2/instance-finder.ts';
import type { SignalStore } from '../adapters/table/signal-store.ts';
import { asError, PermanentError } from '../runtime/errors.ts';
import type { Count } from '../runtime/metrics.ts';

/** What the gathering of a batch works with. */
export type GatherDeps = {
  readonly store: Pick<SignalStore, 'takeFromBudget'>;
  readonly finder: InstanceFinder;
  readonly policy: Policy;
  readonly options: SignalOptions;
  readonly count: Count;
  readonly now: () => Date;
};

/** One record of a batch: what it says, or why it could not be taken. */
export type Gathered = { readonly signal: Signal } | { readonly error: Error };

/** What AWS itself says; no customer can put events of such a source (EventBridge API, PutEvents). */
const isAws = (source: string): boolean => source.startsWith('aws.');

/** Whether the signal is of a cluster that the policy does not list: then nothing is asked or spent for it. */
export const isNotManaged = (signal: Signal, policy: Policy): boolean =>
  (signal.kind === 'node' || signal.kind === 'cluster' || signal.kind === 'unsupported') &&
  signal.cluster !== undefined &&
  clusterPolicy(policy, signal.cluster) === undefined;

/** The instance that EC2 must be asked about, if any. A cluster and an id are enough: run-controller proves membership. */
export const unresolvedOf = (signal: Signal): NodeRef | undefined => {
  if (signal.kind === 'new-node') return { kind: 'instance-id', id: signal.instanceId };
  if (signal.kind !== 'node') return undefined;
  return signal.cluster !== undefined && signal.node.kind === 'instance-id' ? undefined : signal.node;
};

const read = async (deps: GatherDeps, body: string): Promise<Gathered> => {
  let event: unknown;
  try {
    event = JSON.parse(body);
  } catch (cause) {
    return { error: new PermanentError('reading the message: its body is not JSON', { cause }) };
  }
  const reading = readSignal(event, deps.options);
  if (!reading.ok) {
    return { error: new PermanentError(`reading the signal: field ${reading.field}: ${reading.message}`) };
  }
  const { signal } = reading;
  const { source } = signal;
  const isFree =
    signal.kind === 'ignored' || isNotManaged(signal, deps.policy) || source === LOGS_SOURCE || isAws(source);
  const perMinute = deps.policy.limits.maxForeignSignalsPerMinute;
  if (isFree || (await deps.store.takeFromBudget(source, deps.now().toISOString(), perMinute))) return { signal };
  deps.count('SignalOverBudget');
  return {
    error: new PermanentError(
      `OverBudget: more than ${perMinute} signals a minute from ${source}; replay brings it back`,
    ),
  };
};

/**
 * Reads all records of a batch, then asks EC2 once about all instances that they name. A question that fails costs only
 * the records that it was asked for: they come again.
 */
export const gather = async (
  deps: GatherDeps,
  event: SQSEvent,
): Promise<{ readonly of: (messageId: string) => Gathered; readonly find: Find }> => {
  const gathered = new Map<string, Gathered>();
  for (const { messageId, body } of event.Records) {
    gathered.set(messageId, await read(deps, body).catch((thrown: unknown) => ({ error: asError(thrown) })));
  }
  const wanted = [...gathered].flatMap(([messageId, g]) => {
    const node = 'signal' in g && !isNotManaged(g.signal, deps.policy) ? unresolvedOf(g.signal) : undefined;
    return node === undefined ? [] : [[messageId, node] as const];
  });
  let find: Find = () => [];
  try {
    find = await deps.finder.find(wanted.map(([, node]) => node));
  } catch (thrown) {
    for (const [messageId] of wanted) gathered.set(messageId, { error: asError(thrown) });
  }
  const missing: Gathered = { error: new Error('reading the batch: a record that was not gathered') };
  return { of: (messageId) => gathered.get(messageId) ?? missing, find };
};
