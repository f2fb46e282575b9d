import pMap from 'p-map';
import { epochMs, isoTime } from '../../core/model/ids.ts';
import { checkLaneName } from '../../core/model/lane-name.ts';
import { groupOf, type Wake, wakeRun } from '../../core/model/wake.ts';
import type { RunEffect } from '../../core/runs/advance.ts';
import { commandRowOf, looksAfter, type SendReport } from '../../core/runs/command.ts';
import type { Step } from '../../core/runs/step.ts';
import type { CommandRow, CommandState } from '../../core/state/command-state.ts';
import type { QueuedRun, RunState } from '../../core/state/run-state.ts';
import { commentOf } from '../adapters/ssm/run-command.ts';
import { asError } from '../runtime/errors.ts';
import { becausesFor } from './becauses.ts';
import type { Done } from './done.ts';
import { awaitCheck, changeRows, flushOutbox, performEntries, putOffRows } from './outbox.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';

/** SendCommand calls at once; SSM throttles by rate, and the queue's maximum concurrency multiplies this. */
const SEND_CONCURRENCY = 2;

const keepRow = async (
  deps: RunControllerPorts,
  run: RunState,
  command: CommandState,
  commandId: string,
  sentAt: string,
): Promise<CommandRow> => {
  const becauses = await becausesFor(deps, run, command);
  const places = deps.facts.placesOf(run.cluster, command.instanceIds);
  const row = commandRowOf(run, command, commandId, sentAt, deps.settings.policy.limits, { becauses, places });
  await deps.results.putCommand(row);
  return row;
};

/** Asks for the looks at a command. They only save time, so a queue that refuses them stops nothing. */
const askForLooks = async (deps: RunControllerPorts, run: RunState, command: CommandRow): Promise<void> => {
  const delaysSeconds = looksAfter(run, command, deps.settings.policy.limits);
  if (delaysSeconds.length === 0) return;
  try {
    await deps.looks.ask(command.commandId, delaysSeconds);
  } catch (thrown) {
    deps.count('LookRefused');
    deps.log.warn('going on without looks at command', { commandId: command.commandId, error: asError(thrown) });
  }
};

/** Looks for a command whose sending was interrupted. */
const lookFor = async (deps: RunControllerPorts, run: RunState, command: CommandState): Promise<SendReport> => {
  const { key, documentName = '' } = command;
  const since = isoTime(epochMs(command.sendingAt ?? run.createdAt) - 60_000);
  const found = await deps.reader.find({ comment: commentOf(run.runId, key), documentName, since });
  if (found === undefined) return { key, kind: 'not-found', at: nowIso(deps) };
  await keepRow(deps, run, command, found.commandId, found.requestedAt);
  return { key, kind: 'found', commandId: found.commandId, sentAt: found.requestedAt };
};

/** Calls SendCommand once. Without a report, whether SSM has the command is not known. */
const send = async (
  deps: RunControllerPorts,
  run: RunState,
  command: CommandState,
  signal: AbortSignal,
): Promise<SendReport[]> => {
  const { key, documentName = '', instanceIds } = command;
  const { limits } = deps.settings.policy;
  const report = await deps.sender.send(
    {
      runId: run.runId,
      key,
      documentName,
      instanceIds,
      deliveryTimeoutSeconds: limits.deliveryTimeoutSeconds,
      // Later than this, another copy of the function may look for the command and give it up.
      notAfter: isoTime(epochMs(command.sendingAt ?? nowIso(deps)) + limits.runControllerTimeoutSeconds * 1000),
    },
    signal,
  );
  const told = { runId: run.runId, key, nodes: instanceIds.length, report: report?.kind ?? 'unknown' };
  deps.log.info('sending command', told);
  if (report === undefined) return [];
  // The row is stored before the state, so that an early event about the command finds it.
  if (report.kind === 'sent')
    await askForLooks(deps, run, await keepRow(deps, run, command, report.commandId, report.sentAt));
  return [{ key, ...report }];
};

/** Calls SSM for each effect. A failed call does not stop the others; the result of its command is unknown. */
const callSsm = async (
  deps: RunControllerPorts,
  run: RunState,
  effects: readonly RunEffect[],
  signal: AbortSignal,
  failures: unknown[],
): Promise<SendReport[]> => {
  const call = async ({ kind, key }: RunEffect): Promise<SendReport[]> => {
    const command = run.commands.find((c) => c.key === key);
    if (command === undefined) throw new Error(`advancing run ${run.runId}: it has no command ${key}`);
    try {
      return kind === 'send' ? await send(deps, run, command, signal) : [await lookFor(deps, run, command)];
    } catch (thrown) {
      failures.push(thrown);
      return [];
    }
  };
  return (await pMap(effects, call, { concurrency: SEND_CONCURRENCY })).flat();
};

/** Hands a check to its own group. Its entries for the lane's rows are performed before the lane goes on. */
const handOver = async (deps: RunControllerPorts, run: RunState): Promise<void> => {
  await performEntries(
    deps,
    run,
    run.outbox.filter((entry) => entry.kind === 'defer'),
  );
  await deps.wakes.wake([wakeRun(run.runId)]);
  const { runId, cluster, lane } = run;
  if (run.status === 'queued' || lane === undefined || lane === checkLaneName(cluster)) return;
  deps.count('CheckedFirst', run.pending.length);
  deps.log.info('checking nodes before their repair', { cluster, lane, runId, nodes: run.pending.length });
};

/** Asks for a wake at a time. It only saves time, so a queue that refuses it stops nothing: scheduler wakes what is due. */
const wakeLater = async (deps: RunControllerPorts, wake: Wake, at: string): Promise<void> => {
  const seconds = Math.max(0, Math.ceil((epochMs(at) - deps.now().getTime()) / 1000));
  try {
    await deps.looks.wake(wake, seconds);
  } catch (thrown) {
    deps.count('LookRefused');
    deps.log.warn('going on without later wake', { group: groupOf(wake), at, error: asError(thrown) });
  }
};

/** Stores early sweeps, each once. They only save time: without one, the next sweep of the cluster comes at its time. */
const queueEarly = async (deps: RunControllerPorts, runs: readonly QueuedRun[]): Promise<void> => {
  for (const run of runs) {
    const told = { cluster: run.cluster, runId: run.runId, dueAt: run.dueAt };
    try {
      const created = await deps.runs.create(run);
      deps.log.info('queueing early sweep', { ...told, created });
    } catch (thrown) {
      deps.log.warn('going on without early sweep', { ...told, error: asError(thrown) });
    }
  }
};

/** Performs the effects of a step after its commit, and returns what they gave for the next step. */
export const perform = async (
  deps: RunControllerPorts,
  { effects, run }: Step,
  signal: AbortSignal,
  failures: unknown[],
): Promise<Done> => {
  let flushed: Done['flushed'];
  let isHandedOver = false;
  const calls: RunEffect[] = [];
  for (const effect of effects) {
    if (effect.kind === 'rows') await changeRows(deps, effect.entries);
    else if (effect.kind === 'look-again') await putOffRows(deps, effect.entries);
    else if (effect.kind === 'await-check') await awaitCheck(deps, effect.entries);
    else if (effect.kind === 'wake-later') await wakeLater(deps, effect.wake, effect.at);
    else if (effect.kind === 'early-sweeps') await queueEarly(deps, effect.runs);
    else if (effect.kind === 'unqueue') await removeQueued(deps, effect.lane, effect.sortKeys);
    else if (run === undefined) throw new Error(`performing ${effect.kind}: the step has no run`);
    else if (effect.kind === 'flush') flushed = { version: run.version, stays: await flushOutbox(deps, run) };
    else if (effect.kind === 'hand-over') {
      await handOver(deps, run);
      isHandedOver = true;
    } else calls.push(effect);
  }
  const reports = run === undefined ? [] : await callSsm(deps, run, calls, signal, failures);
  return { reports, flushed, isHandedOver };
};

const removeQueued = async (deps: RunControllerPorts, lane: string, sortKeys: readonly string[]): Promise<void> => {
  for (const sortKey of sortKeys) await deps.lanes.removeQueuedRun(lane, sortKey);
};
