import pMap from 'p-map';
import { windowOf } from '../../core/guards/slow-start.ts';
import { epochMs, isoTime } from '../../core/model/ids.ts';
import { clusterPolicy } from '../../core/model/policy.ts';
import { advance, inFlight, type RunEffect, type RunInputs, withReports } from '../../core/runs/advance.ts';
import { documentsOf } from '../../core/runs/batch.ts';
import { commandRowOf, looksAfter, type SendReport } from '../../core/runs/command.ts';
import { mayRepair } from '../../core/signals/route.ts';
import type { CommandRow } from '../../core/state/command-state.ts';
import type { RunState } from '../../core/state/run-state.ts';
import { commentOf } from '../adapters/ssm/run-command.ts';
import { asError } from '../runtime/errors.ts';
import { becausesFor } from './becauses.ts';
import { saveRun } from './log-milestones.ts';
import { flushRun } from './outbox.ts';
import { nowIso, type RunControllerPorts } from './ports.ts';
import { release, reserve } from './slots.ts';

/** SendCommand calls at once; SSM throttles by rate, and the queue's maximum concurrency multiplies this. */
const SEND_CONCURRENCY = 2;

const performOne = async (
  deps: RunControllerPorts,
  run: RunState,
  effect: RunEffect,
  signal: AbortSignal,
): Promise<SendReport[]> => {
  const { key } = effect;
  const command = run.commands.find((c) => c.key === key);
  if (command === undefined) throw new Error(`advancing run ${run.runId}: it has no command ${key}`);
  const documentName = command.documentName ?? run.documentName;
  const becauses = await becausesFor(deps, run, command);
  const { limits } = deps.settings.policy;
  if (effect.kind === 'look-for') {
    const since = isoTime(epochMs(command.sendingAt ?? run.createdAt) - 60_000);
    const found = await deps.reader.find({ comment: commentOf(run.runId, key), documentName, since });
    if (found === undefined) return [{ key, kind: 'not-found', at: nowIso(deps) }];
    await deps.results.putCommand(commandRowOf(run, command, found.commandId, found.requestedAt, limits, becauses));
    return [{ key, kind: 'found', commandId: found.commandId, sentAt: found.requestedAt }];
  }
  const report = await deps.sender.send(
    {
      runId: run.runId,
      key,
      documentName,
      instanceIds: command.instanceIds,
      deliveryTimeoutSeconds: limits.deliveryTimeoutSeconds,
    },
    signal,
  );
  deps.log.info('sending command', {
    runId: run.runId,
    key,
    nodes: command.instanceIds.length,
    report: report?.kind ?? 'unknown',
  });
  if (report === undefined) return [];
  // The row is stored before the state, so that an early event about the command finds it.
  if (report.kind === 'sent') {
    const row = commandRowOf(run, command, report.commandId, report.sentAt, limits, becauses);
    await deps.results.putCommand(row);
    await askForLooks(deps, run, row);
  }
  return [{ key, ...report }];
};

/** The node-local reasons, and the remediations whose findings may lead to repairs on the cluster. */
const knowledge = (deps: RunControllerPorts, run: RunState) => {
  const { policy, remediations } = deps.settings;
  const cluster = clusterPolicy(policy, run.cluster);
  const nodeLocal = remediations.flatMap((r) =>
    Object.entries(r.reasons).flatMap(([name, scope]) => (scope === 'node-local' ? [name] : [])),
  );
  const repairable =
    cluster === undefined ? [] : remediations.filter((r) => mayRepair(cluster, r).allowed).map((r) => r.name);
  const unrepairable = new Set(remediations.flatMap((r) => r.unrepairable));
  return { nodeLocal: new Set(nodeLocal), repairable: new Set(repairable), unrepairable };
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

/** Performs effects. A failed effect does not stop the others; the result of its command is unknown. */
const performAll = async (
  deps: RunControllerPorts,
  run: RunState,
  effects: readonly RunEffect[],
  signal: AbortSignal,
  failures: unknown[],
): Promise<SendReport[]> => {
  const perform = async (effect: RunEffect): Promise<SendReport[]> => {
    try {
      return await performOne(deps, run, effect, signal);
    } catch (thrown) {
      failures.push(thrown);
      return [];
    }
  };
  return (await pMap(effects, perform, { concurrency: SEND_CONCURRENCY })).flat();
};

/** The inputs of the run's next step: observations, reports, and the slots that it needs and may have. */
const readInputs = async (
  deps: RunControllerPorts,
  run: RunState,
  reports: readonly SendReport[],
): Promise<RunInputs> => {
  const isRepair = run.action === 'repair';
  const [observations, pause, cancellations] = await Promise.all([
    run.commands.length === 0 ? [] : deps.runs.observations(run.runId),
    deps.results.pauseFor(run.cluster, run.action, nowIso(deps)),
    deps.requests.cancellations([run.requestId]),
  ]);
  const { limits } = deps.settings.policy;
  const documents = documentsOf(deps.settings.documents, run.documentKey);
  const news = { observations, reports, documents, ...knowledge(deps, run) };
  const reported = withReports(run, news, nowIso(deps), limits);
  const held = inFlight(reported);
  const wanted = Math.min(windowOf(reported, limits), held + reported.pending.length);
  // Reports are stored before a call that may fail is made for more slots.
  const mayTake = isRepair && run.status !== 'ended' && wanted > held && reports.length === 0;
  const slots = mayTake ? Math.max(held, await reserve(deps, run, wanted)) : held;
  return { ...news, slots, paused: pause !== undefined, cancelled: cancellations.get(run.requestId) };
};

/**
 * Advances a planned run until it waits for nodes or for a time, or has ended. The reports of sent commands are stored
 * first, because a command without a report counts as lost.
 */
export const driveRun = async (deps: RunControllerPorts, planned: RunState, signal: AbortSignal): Promise<RunState> => {
  const failures: unknown[] = [];
  let reports: readonly SendReport[] = [];
  let run = await flushRun(deps, planned);
  // Every turn sends, closes or puts off a command, so this ends; the function's own deadline stops the sending.
  for (;;) {
    if (run.status === 'ended' && !run.commands.some((c) => c.early === true)) break;
    const next = advance(run, await readInputs(deps, run, reports), nowIso(deps), deps.settings.policy.limits);
    // The state is stored before any effect: a command that is not stored was never sent.
    if (next.state !== run) run = await saveRun(deps, run, next.state);
    else if (next.effects.length === 0 || failures.length > 0) {
      if (run.outbox.length === 0) break;
      // The observations that the outbox writes may complete a batch, so the run is advanced once more.
      run = await flushRun(deps, run);
      continue;
    }
    reports = await performAll(deps, run, next.effects, signal, failures);
    if (next.effects.length === 0) run = await flushRun(deps, run);
  }
  run = await flushRun(deps, run);
  if (run.action === 'repair') await release(deps, run, inFlight(run));
  if (failures.length > 0)
    throw new AggregateError(failures, `advancing run ${run.runId}: a call failed; it is tried again`);
  return run;
};
