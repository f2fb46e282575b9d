import { Limits } from '../../core/model/policy.ts';
import { advance, type RunInputs, type RunStep } from '../../core/runs/advance.ts';
import type { SendReport } from '../../core/runs/command.ts';
import { CommandState, type ObservationRow } from '../../core/state/command-state.ts';
import type { Tally } from '../../core/state/results.ts';
import { RunState } from '../../core/state/run-state.ts';

/** The default limits. */
export const LIMITS = Limits.parse({});
/** When the tests' runs begin. */
export const START = '2026-08-22T10:00:00.000Z';
/** So many seconds after the start. */
export const at = (seconds: number): string => new Date(Date.parse(START) + seconds * 1000).toISOString();
/** The n-th instance. */
export const node = (n: number): string => `i-${n.toString(16).padStart(8, '0')}`;
/** So many instances. */
export const nodes = (count: number): string[] => Array.from({ length: count }, (_, i) => node(i));

/** A planned repair run of a lane, whose nodes signals brought. */
export const aRun = (count: number, over: Partial<RunState> = {}): RunState =>
  RunState.parse({
    runId: 'r-1',
    version: 0,
    cluster: 'demo',
    remediation: 'pause-image',
    action: 'repair',
    group: 'demo/pause-image',
    lane: 'demo/pause-image',
    documentKey: 'pause-image-repair',
    documentName: 'fleetmend-pause-image-repair-aaaaaaaaaaaa',
    executionTimeoutSeconds: 300,
    origin: { source: 'signal' },
    createdAt: START,
    startedAt: START,
    status: 'active',
    pending: nodes(count).map((id) => [id, `v-${id}`]),
    settled: {},
    commands: [],
    startWindow: 1,
    canaries: 3,
    priorAttributableFailures: 0,
    dueAt: START,
    outbox: [],
    ...over,
  });

/** The same as a check run, in a group of its own. */
export const aCheck = (count: number, over: Partial<RunState> = {}): RunState => {
  const { lane, ...run } = aRun(count);
  return RunState.parse({
    ...run,
    remediation: 'node-check',
    action: 'check',
    group: 'r-1',
    documentKey: 'node-check',
    documentName: 'fleetmend-node-check-aaaaaaaaaaaa',
    executionTimeoutSeconds: 60,
    startWindow: 1000,
    canaries: 0,
    pending: nodes(count).map((id) => [id, '']),
    ...over,
  });
};

/** A command of a run. */
export const aCommand = (over: Partial<CommandState> = {}): CommandState =>
  CommandState.parse({ key: '1', instanceIds: [node(0)], versions: ['v'], size: 1, status: 'planned', ...over });

/** Inputs without any fact. */
export const quiet = (over: Partial<RunInputs> = {}): RunInputs => ({
  observations: [],
  reports: [],
  slots: 50,
  paused: false,
  cancelled: false,
  nodeLocal: new Set(['DiskFull']),
  repairable: new Set(['pause-image']),
  unrepairable: new Set(['SandboxImageMismatch']),
  ...over,
});

/** The observation of a command's nodes. */
export const observed = (
  key: string,
  tallies: Readonly<Record<string, Partial<Tally>>>,
  over: Partial<ObservationRow> = {},
): ObservationRow => ({
  runId: 'r-1',
  key,
  commandId: `c-${key}`,
  status: 'Ended',
  final: true,
  closedBy: 'end',
  at: at(20),
  nodes: Object.fromEntries(
    Object.entries(tallies).map(([id, tally]): [string, Tally] => [id, { outcome: 'Repaired', at: at(10), ...tally }]),
  ),
  ...over,
});

/** One step with the default limits. */
export const step = (run: RunState, inputs: Partial<RunInputs> = {}, now = START): RunStep =>
  advance(run, quiet(inputs), now, LIMITS);

/** The report that a command was sent, after so many seconds. */
export const sent = (key: string, seconds = 1): SendReport => ({
  key,
  kind: 'sent',
  commandId: `c-${key}`,
  sentAt: at(seconds),
});

/** A run with one command of so many nodes that is being sent. */
export const sendingRun = (count = 1, over: Partial<RunState> = {}): RunState =>
  aRun(0, {
    commands: [
      aCommand({
        status: 'sending',
        sendingAt: START,
        instanceIds: nodes(count),
        versions: nodes(count).map((id) => `v-${id}`),
        size: count,
      }),
    ],
    status: 'draining',
    ...over,
  });

/** The outbox of the run, by kind. */
export const kinds = (run: RunState): string[] => run.outbox.map((e) => e.kind);
