import type { Decision } from '../guards/decide-node.ts';
import { settledAs } from '../guards/decide-node.ts';
import type { Places } from '../guards/places.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState } from '../state/command-state.ts';
import { withCounts } from '../state/counts.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { RunningRun } from '../state/run-state.ts';
import { batchesOf, commandKey, type PartDocument } from './batch.ts';
import { dueMs } from './command.ts';
import { countedBefore, merged, type TakenNode, takenOf } from './outbox.ts';
import { type Candidate, settle, wait } from './settle.ts';

/** A node just before its command is sent: its pending row as it is now, and the decision by facts that are fresh. */
export type DecidedAgain = { readonly candidate: Candidate; readonly decision: Decision };

/** What bounds the next command of a run. */
export type SendInputs = {
  /** The documents that new commands run: those deployed for this run's key, in the order of their parts. */
  readonly documents: readonly PartDocument[];
  /** How many nodes may be sent to now, and how many must be free for a command. */
  readonly places: Places;
  /** Whether the next nodes are canaries. */
  readonly isCanary: boolean;
  /** The nodes that wait, in the order in which they are sent to. */
  readonly order: (nodes: readonly TakenNode[]) => readonly TakenNode[];
  /** The decision about a node by the facts of this moment; undefined where its facts were not read. */
  readonly decideAgain: (instanceId: string) => DecidedAgain | undefined;
};

/** The moment of a step. */
export type At = { readonly now: string; readonly limits: Limits };

/** A step's next command: the state with the command as `sending`, and the nodes whose attempts are booked. */
export type Sending = { readonly state: RunningRun; readonly booked: readonly string[] };

const planned = (
  batch: string,
  nodes: readonly TakenNode[],
  document: PartDocument,
  part: number,
  parts: number,
): CommandState => ({
  key: commandKey(batch, part, parts),
  ...(parts === 1 ? {} : { part, parts }),
  documentName: document.name,
  executionTimeoutSeconds: document.executionTimeoutSeconds,
  instanceIds: nodes.map(([id]) => id),
  versions: nodes.map(([, version]) => version),
  size: nodes.length,
  status: 'planned',
});

/** Plans the batches of a check: one command for each document, sent to all nodes of the batch. */
export const withCheckBatches = (
  state: RunningRun,
  documents: readonly PartDocument[],
  { limits }: Pick<At, 'limits'>,
): RunningRun => {
  if (documents.length === 0 || state.pending.length === 0) return state;
  const commands = [...state.commands];
  let batches = batchesOf(commands).length;
  for (let from = 0; from < state.pending.length; from += limits.maxNodesPerCommand) {
    const taken = state.pending.slice(from, from + limits.maxNodesPerCommand);
    batches += 1;
    commands.push(
      ...documents.map((document, i) => planned(String(batches), taken, document, i + 1, documents.length)),
    );
  }
  return { ...state, commands, pending: [] };
};

type Bounds = Omit<SendInputs, 'decideAgain'>;
type Next = { readonly command?: CommandState; readonly nodes: readonly TakenNode[] };

/** The nodes of the repair's next command: of one that SSM has not taken, or the first that wait. */
const nextOf = (state: RunningRun, { places, documents, order }: Bounds, at: At): Next => {
  const { maxNodesPerCommand } = at.limits;
  const free = Math.min(maxNodesPerCommand, places.free);
  if (free <= 0 || documents.length === 0) return { nodes: [] };
  const command = state.commands.find((c) => c.status === 'planned');
  if (command === undefined) {
    const enough = Math.min(maxNodesPerCommand, state.pending.length, places.enough);
    return { nodes: free < enough ? [] : order(state.pending).slice(0, free) };
  }
  // While SSM throttles one command, no other is sent.
  return dueMs(command, at.limits) > Date.parse(at.now)
    ? { nodes: [] }
    : { command, nodes: takenOf(command).slice(0, Math.min(free, command.most ?? free)) };
};

/** The nodes whose facts a repair's next command needs. */
export const nodesToAsk = (state: RunningRun, inputs: Bounds, at: At): readonly string[] =>
  state.action === 'check' ? [] : nextOf(state, inputs, at).nodes.map(([id]) => id);

const isUnreadable = (decision: Decision): boolean => decision.kind === 'skip' && decision.skipReason === 'Unreadable';

/** The decision about a node whose pending row has left the lane since the plan: only a cancelled request takes it away. */
const NO_LONGER_WANTED: Decision = {
  kind: 'skip',
  skipReason: 'Cancelled',
  message: 'every request that wanted this node was cancelled before a command was sent to it',
};

/** Takes the nodes of the next command that may no longer go out of the run, each with its decision recorded. */
const sorted = (state: RunningRun, nodes: readonly TakenNode[], inputs: SendInputs, at: At) => {
  const going: TakenNode[] = [];
  const asked = new Set<string>();
  const outbox: OutboxEntry[] = [];
  let { settled } = state;
  for (const [id, version] of nodes) {
    const again = inputs.decideAgain(id);
    if (again === undefined) continue;
    asked.add(id);
    const { candidate } = again;
    const isGone = version !== '' && candidate.row === undefined && !isUnreadable(again.decision);
    const decision = isGone ? NO_LONGER_WANTED : again.decision;
    if (decision.kind === 'go') going.push([id, candidate.row?.version ?? version]);
    else if (decision.kind === 'wait') outbox.push(...wait(state, candidate, decision.notBefore, at.now));
    else {
      settled = withCounts(settled, { [settledAs(decision)]: 1 });
      outbox.push(...settle(state, candidate, decision, at));
    }
  }
  return { going, asked, settled, outbox: merged(outbox) };
};

/**
 * Makes a repair's next command `sending`. Each of its nodes is decided again by fresh facts. Nodes whose facts were not
 * read wait for the next step. At most one command a step, so that one transaction holds what it changes.
 */
export const withRepairCommand = (state: RunningRun, inputs: SendInputs, at: At): Sending => {
  const [document] = inputs.documents;
  const { command, nodes } = nextOf(state, inputs, at);
  if (nodes.length === 0 || document === undefined) return { state, booked: [] };
  const { going, asked, settled, outbox } = sorted(state, nodes, inputs, at);
  if (asked.size === 0) return { state, booked: [] };
  const left = command === undefined ? state.pending : [...takenOf(command), ...state.pending];
  const pending = left.filter(([id]) => !asked.has(id)).map(([id, version]): [string, string] => [id, version]);
  const next = { ...state, pending, settled, outbox: [...state.outbox, ...outbox] };
  const refused = command?.unreachable?.length ?? 0;
  const base = command ?? planned(String(batchesOf(state.commands).length + 1), going, document, 1, 1);
  const { notBefore, versions, ...kept } = base;
  const now: CommandState | undefined =
    going.length > 0
      ? {
          ...kept,
          documentName: document.name,
          executionTimeoutSeconds: document.executionTimeoutSeconds,
          instanceIds: going.map(([id]) => id),
          versions: going.map(([, version]) => version),
          size: going.length + refused,
          isCanary: inputs.isCanary,
          status: 'sending',
          sendingAt: at.now,
        }
      : command && { ...kept, instanceIds: [], status: 'closed', counts: countedBefore(command) };
  if (now === undefined) return { state: next, booked: [] };
  const commands =
    command === undefined ? [...state.commands, now] : state.commands.map((c) => (c === command ? now : c));
  return { state: { ...next, commands }, booked: going.map(([id]) => id) };
};
