import { type Because, becauseOnce } from '../../core/model/because.ts';
import { Limits } from '../../core/model/policy.ts';
import { advance, type RunInputs, type RunStep } from '../../core/runs/advance.ts';
import type { SendReport } from '../../core/runs/command.ts';
import { unsentObservation } from '../../core/runs/observation.ts';
import type { DecidedAgain } from '../../core/runs/sending.ts';
import { CommandState, type ObservationRow } from '../../core/state/command-state.ts';
import type { Reading, Tally } from '../../core/state/results.ts';
import { EndedRun, QueuedRun, RunningRun, type RunState, type Stop } from '../../core/state/run-state.ts';
import type { TrustRow } from '../../core/state/trust-state.ts';

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

/** Why a run exists, seen once at the start. */
export const because = (kind: Because['kind'], over: Partial<Because> = {}): Because => ({
  ...becauseOnce({ kind }, 'test', START),
  ...over,
});

/** A planned repair run of a lane, whose nodes signals brought. */
export const aRun = (count: number, over: Partial<RunningRun> = {}): RunningRun =>
  RunningRun.parse({
    runId: 'r-1',
    version: 0,
    cluster: 'demo',
    remediation: 'pause-image',
    action: 'repair',
    group: 'demo/pause-image',
    lane: 'demo/pause-image',
    documentKey: 'pause-image-repair',
    requestId: 'r-1',
    because: because('log'),
    createdAt: START,
    startedAt: START,
    status: 'active',
    pending: nodes(count).map((id) => [id, `v-${id}`]),
    settled: {},
    commands: [],
    dueAt: START,
    outbox: [],
    ...over,
  });

/** The same as a check run, in a group of its own. */
export const aCheck = (count: number, over: Partial<RunningRun> = {}): RunningRun => {
  const { lane, ...run } = aRun(count);
  return RunningRun.parse({
    ...run,
    remediation: 'node-check',
    action: 'check',
    group: 'r-1',
    documentKey: 'node-check',
    pending: nodes(count).map((id) => [id, '']),
    ...over,
  });
};

/** A run that has no plan yet: a repair of the lane, or what it is told to be. */
export const aQueuedRun = (over: Partial<QueuedRun> = {}): QueuedRun => {
  const { startedAt, ...run } = aRun(0);
  return QueuedRun.parse({ ...run, status: 'queued', ...over });
};

/** The same as a check, in a group of its own. */
export const aQueuedCheck = (over: Partial<QueuedRun> = {}): QueuedRun => {
  const { startedAt, ...run } = aCheck(0);
  return QueuedRun.parse({ ...run, status: 'queued', ...over });
};

/** A run that is over: each node had a command, or it is told otherwise. */
export const anEndedRun = (over: Partial<EndedRun> = {}): EndedRun =>
  EndedRun.parse({ ...aRun(0), status: 'ended', endedAt: START, end: 'Done', ...over });

/** A run that has its plan by now. */
export const begun = (run: QueuedRun, over: Partial<RunningRun> = {}): RunningRun =>
  RunningRun.parse({ ...run, status: 'active', startedAt: START, ...over });
/** A run that has ended by now. */
export const over = (run: QueuedRun | RunningRun): EndedRun =>
  EndedRun.parse({ ...run, status: 'ended', endedAt: START, end: 'Done' });
/** What stops a run. */
export const stopBy = (reason: Stop['reason']): Stop => ({ reason, at: START });

/** A command of a run. */
export const aCommand = (over: Partial<CommandState> = {}): CommandState =>
  CommandState.parse({ key: '1', instanceIds: [node(0)], versions: ['v'], size: 1, status: 'planned', ...over });

/** The document that the tests' runs send. */
export const DOCUMENT = { key: 'document', name: 'fleetmend-document-aaaaaaaaaaaa', executionTimeoutSeconds: 300 };

/** The experience with the document of the tests' runs: how many nodes it has repaired since its canaries, or a breaker. */
export const trustAfter = (repaired: number, over: Partial<TrustRow> = {}): ReadonlyMap<string, TrustRow> => {
  const results = Array.from({ length: repaired }, (_, i) => ({
    instanceId: node(100_000 + i),
    runId: 'r-0',
    at: at(-60 - i),
    end: 'repaired' as const,
    isCanary: false,
  }));
  return new Map([[DOCUMENT.name, { document: DOCUMENT.name, cluster: 'demo', version: 1, results, ...over }]]);
};

/** The decision that a node goes, with its pending row. */
export const goes = (instanceId: string): DecidedAgain => ({
  candidate: {
    instanceId,
    row: {
      ...{ lane: 'demo/pause-image', cluster: 'demo', instanceId, reason: 'SandboxImageMissing' },
      ...{ firstSeenAt: START, lastSeenAt: START, signals: 1, source: 'fleetmend.logs', version: `v-${instanceId}` },
      because: { kind: 'log' },
    },
  },
  decision: { kind: 'go' },
});

/** Inputs without any fact. */
export const quiet = (over: Partial<RunInputs> = {}): RunInputs => ({
  trust: new Map(),
  openElsewhere: 0,
  clusterNodes: 1000,
  observations: [],
  awaited: new Set(),
  reports: [],
  documents: [DOCUMENT],
  slots: 50,
  left: { left: 0 },
  paused: false,
  cancelled: undefined,
  isAwaited: true,
  decideAgain: goes,
  nodeLocal: new Set(['DiskFull']),
  repairable: new Set(['pause-image']),
  unrepairable: new Set(['SandboxImageMismatch']),
  ...over,
});

/** A reading that is counted as this tally. */
const readingOf = ({
  findings,
  waits,
  localMethod,
  registry,
  at: endedAt = at(10),
  ...tally
}: Partial<Tally>): Reading => {
  const found = [
    ...(findings ?? []).map(([remediation, reason]) => ({
      remediation,
      reason,
      outcome: 'Broken' as const,
      title: 't',
      message: 'm',
    })),
    ...(waits === true && findings !== undefined
      ? [
          {
            remediation: 'other',
            outcome: 'Skipped' as const,
            skipReason: 'BlockedBy' as const,
            title: 't',
            message: 'm',
          },
        ]
      : []),
  ].map((finding, i) => (i === 0 && localMethod === true ? { ...finding, method: 'import' } : finding));
  return {
    outcome: 'Repaired',
    message: 'm',
    endedAt,
    ...(registry === 'answers' ? { method: 'ecr' } : {}),
    ...(registry === 'silent' ? { outcome: 'NotRepaired' as const, reason: 'RegistryUnreachable' } : {}),
    ...tally,
    ...(found.length === 0 ? {} : { findings: found }),
  };
};

/** What was observed of a command's nodes. */
export const observed = (
  key: string,
  tallies: Readonly<Record<string, Partial<Tally>>>,
  over: Partial<ObservationRow> = {},
): ObservationRow => ({
  runId: 'r-1',
  key,
  commandId: `c-${key}`,
  final: true,
  closedBy: 'end',
  at: at(20),
  grade: 4 * Object.keys(tallies).length,
  open: [],
  nodes: Object.fromEntries(Object.entries(tallies).map(([id, tally]) => [id, readingOf(tally)])),
  ...over,
});

/** A run of which a test looks at fields that it may not have. */
export type SeenRun = RunState &
  Partial<Pick<RunningRun, 'refusal' | 'registry' | 'registryHold' | 'failures'>> & {
    startedAt?: string | undefined;
    stopped?: Stop | undefined;
    endedAt?: string;
    end?: string;
  };

/** One step with the default limits. */
export const step = (
  run: RunState,
  inputs: Partial<RunInputs> = {},
  now = START,
): RunStep & { readonly state: SeenRun } => advance(run, quiet(inputs), now, LIMITS);

/** The report that a command was sent, after so many seconds. */
export const sent = (key: string, seconds = 1): SendReport => ({
  key,
  kind: 'sent',
  commandId: `c-${key}`,
  sentAt: at(seconds),
});

/** A run with one command of so many nodes that is being sent. */
export const sendingRun = (count = 1, over: Partial<RunningRun> = {}): RunningRun =>
  aRun(0, {
    commands: [
      aCommand({
        status: 'sending',
        sendingAt: START,
        instanceIds: nodes(count),
        versions: nodes(count).map((id) => `v-${id}`),
        size: count,
        documentName: DOCUMENT.name,
        executionTimeoutSeconds: DOCUMENT.executionTimeoutSeconds,
      }),
    ],
    status: 'draining',
    ...over,
  });

/** What a run's outbox observes of commands that did not run. */
export const unsentObservations = (run: RunState): ObservationRow[] =>
  run.outbox.flatMap((entry) => {
    if (entry.kind !== 'observation') return [];
    const { kind, key, part, parts, instanceIds, unreachable, at: toldAt, ...told } = entry;
    return [unsentObservation({ runId: 'r-1', key, action: 'check' }, told, { instanceIds, unreachable }, toldAt)];
  });

/** The run once its outbox has been performed and what that observed has been read. */
export const afterOutbox = (run: RunState, now: string, known: readonly ObservationRow[] = []): RunState =>
  step({ ...run, outbox: [] }, { observations: [...known, ...unsentObservations(run)] }, now).state;

/** What the run promised, by kind. */
export const kinds = (run: RunState): string[] => run.outbox.map((e) => e.kind);
