import { epochMs, isoTime } from '../model/ids.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState } from '../state/command-state.ts';
import type { RunState } from '../state/run-state.ts';
import { type Batch, batchesOf, commandKey } from './batch.ts';
import { type Change, closeCheck, closeRepair } from './close.ts';
import { INVALID_INSTANCE } from './observation.ts';
import { takenOf, unsentResults } from './outbox.ts';

/** How old the facts about a node may be just before its command is sent: after that, SSM is asked about the node again. */
const FACTS_MS = 61_000;
const NEXT_TRY_MS = 5000;

/** Ends the nodes of a command that SSM does not manage; the others stay planned. */
const without = (
  state: RunState,
  command: CommandState,
  invalid: ReadonlySet<string>,
  now: string,
  limits: Limits,
): Change => {
  const gone = takenOf(command).filter(([id]) => invalid.has(id));
  const kept = takenOf(command).filter(([id]) => !invalid.has(id));
  const left: CommandState = {
    ...command,
    status: 'planned',
    instanceIds: kept.map(([id]) => id),
    versions: kept.map(([, version]) => version),
    unreachable: [...(command.unreachable ?? []), ...gone.map(([id]) => id)],
  };
  if (state.action === 'check')
    return kept.length > 0 ? { command: left, outbox: [] } : closeCheck(left, 'closed', INVALID_INSTANCE, now);
  return {
    command: kept.length > 0 ? left : closeRepair(left, 'closed'),
    outbox: unsentResults(state, gone, INVALID_INSTANCE, now, limits),
  };
};

/**
 * A command that SSM refused because it does not manage some nodes. Where SSM names none of its nodes, SSM is asked about
 * each of them again; a refusal that goes on halves the command each time, until the one node is found that is refused alone.
 */
export const onInvalidIds = (
  state: RunState,
  command: CommandState,
  named: readonly string[],
  now: string,
  limits: Limits,
): Change => {
  const ids = command.instanceIds;
  const ours = new Set(named.filter((id) => ids.includes(id)));
  if (ours.size > 0) return without(state, command, ours, now, limits);
  if (ids.length === 1) return without(state, command, new Set(ids), now, limits);
  const waitMs = command.most === undefined ? FACTS_MS : NEXT_TRY_MS;
  const notBefore = isoTime(epochMs(now) + waitMs);
  return { command: { ...command, status: 'planned', most: Math.ceil(ids.length / 2), notBefore }, outbox: [] };
};

/** A half of a batch, under a number of its own. */
const half = (parts: Batch, number: string, from: number, to: number | undefined): readonly CommandState[] =>
  parts.map(({ most, unreachable, ...command }) => ({
    ...command,
    ...(from === 0 && unreachable !== undefined ? { unreachable } : {}),
    key: commandKey(number, command.part ?? 1, command.parts ?? 1),
    instanceIds: command.instanceIds.slice(from, to),
    ...(command.versions === undefined ? {} : { versions: command.versions.slice(from, to) }),
    size: command.instanceIds.slice(from, to).length + (from === 0 ? (unreachable?.length ?? 0) : 0),
  }));

/**
 * Divides the batches of a check that SSM refused without naming a node of theirs. Where another part of a batch was sent,
 * its nodes are in order, and the part is only sent again.
 */
export const withBatchesDivided = (commands: readonly CommandState[]): readonly CommandState[] => {
  const batches = batchesOf(commands);
  const added: CommandState[] = [];
  let number = batches.length;
  const kept = batches.flatMap((parts) => {
    const most = parts.find((c) => c.most !== undefined)?.most;
    if (most === undefined || !parts.every((c) => c.status === 'planned')) return parts;
    number += 1;
    added.push(...half(parts, String(number), most, undefined));
    return half(parts, parts[0].key.replace(/\..*$/s, ''), 0, most);
  });
  return added.length === 0 ? commands : [...kept, ...added];
};
