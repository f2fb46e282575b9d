import type { InstanceStateName } from '@aws-sdk/client-ec2';
import type { NodeFacts } from '../../core/guards/decide-node.ts';
import { becauseOnce } from '../../core/model/because.ts';
import { type Result, success } from '../../core/model/result.ts';
import { groupOf, type Wake } from '../../core/model/wake.ts';
import { healthyNodes } from '../../core/runs/batch-results.ts';
import { queuedRun } from '../../core/runs/queued-run.ts';
import { CHECK_SOURCE } from '../../core/state/pending-node.ts';
import { ResultRow } from '../../core/state/results.ts';
import { RunState } from '../../core/state/run-state.ts';
import { sleep } from '../../functions/adapters/sleep.ts';
import { createCommandReader, createSender } from '../../functions/adapters/ssm/run-command.ts';
import { createDueStore } from '../../functions/adapters/table/due-store.ts';
import { rowOf } from '../../functions/adapters/table/items.ts';
import { createNoticeStore } from '../../functions/adapters/table/notice-store.ts';
import { createQuarantineStore } from '../../functions/adapters/table/quarantine-store.ts';
import { createTable } from '../../functions/adapters/table/table.ts';
import { trackSettings } from '../../functions/command-tracker/compose.ts';
import { trackMessage } from '../../functions/command-tracker/track-look.ts';
import { createFactMemory } from '../../functions/run-controller/fact-memory.ts';
import type { RunControllerPorts } from '../../functions/run-controller/ports.ts';
import { turn } from '../../functions/run-controller/turn.ts';
import type { Settings } from '../../functions/runtime/settings.ts';
import { tick } from '../../functions/scheduler/tick.ts';
import { createCommandObserver } from '../../functions/shared/command-observer.ts';
import { createObservationWriter } from '../../functions/shared/observation-writer.ts';
import { texts } from '../../ssm-documents/remediations.ts';
import { type CrashMode, crasher } from './crash.ts';
import { type FakeNode, fakeSsm } from './fake-ssm.ts';
import { invoker } from './invoker.ts';
import { delayedLooks, endEvent } from './progress-queue.ts';
import { documentsAtSsm } from './reviewed-documents.ts';
import { runControllerStores } from './run-controller-stores.ts';
import type { SeenRun } from './runs.ts';
import { testSettings } from './settings.ts';
import type { TestTable } from './table.ts';
import { recorder } from './telemetry.ts';

/** The instance ids of a cluster of so many nodes. */
export const instanceIds = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `i-${String(from + i).padStart(17, '0')}`);

/** A node in order. */
export const healthyFacts = (instanceId: string): NodeFacts => ({
  instanceId,
  state: 'running',
  inCluster: true,
  autoMode: false,
  ssm: { pingStatus: 'Online', platformType: 'Linux', platformName: 'Amazon Linux' },
});

type Options = {
  readonly settings?: Settings;
  readonly nodes?: number;
  readonly crash?: { readonly at: number; readonly mode: CrashMode };
  /** What the cluster has besides EC2 instances. */
  readonly beyondEc2?: Result<readonly string[]>;
  /** Every end of a command is announced so many times; 0 loses them all. */
  readonly events?: number;
};

const MAX_DELIVERIES = 400;

/** run-controller, command-tracker and scheduler over a real table, with Run Command, a fleet and queues on the test's clock. */
export const runControllerWorld = (table: TestTable, options: Options = {}) => {
  const settings = options.settings ?? testSettings();
  const { limits } = settings.policy;
  const clock = { ms: Date.parse('2026-08-22T10:00:00.000Z') };
  const now = () => new Date(clock.ms);
  const iso = (addSeconds = 0) => new Date(clock.ms + addSeconds * 1000).toISOString();
  const ids = instanceIds(options.nodes ?? 40);
  const nodes = new Map<string, FakeNode>(ids.map((id) => [id, { broken: false, latencyMs: 8000 }]));
  const facts = new Map(ids.map((id) => [id, healthyFacts(id)]));
  const nodegroupStatus = { status: 'ACTIVE' };
  const ssm = fakeSsm(clock, nodes);
  const crash = crasher(options.crash?.at ?? 0, options.crash?.mode ?? 'dies-after');
  const { wrap } = crash;
  const { invoke, failures, thaw } = invoker(crash);
  const queue: Wake[] = [];
  const notices: { readonly detailType: string; readonly detail: Readonly<Record<string, unknown>> }[] = [];
  const looks = delayedLooks(clock);
  let counter = 0;
  const newId = () => `v${++counter}`;
  const telemetry = recorder();
  const { log, count } = telemetry;
  const wakes = wrap({
    wake: async (news: readonly Wake[]) => {
      queue.push(...new Map(news.map((w) => [groupOf(w), w])).values());
    },
  });
  const raw = runControllerStores(table, limits, newId);
  const [runs, lanes, commits] = [wrap(raw.runs), wrap(raw.lanes), wrap(raw.commits)];
  const [results, signals, trust] = [wrap(raw.results), wrap(raw.signals), wrap(raw.trust)];
  const reader = wrap(createCommandReader({ client: ssm.client }));
  const fleet = wrap({
    describe: async (_: string, wanted: readonly string[]) => new Map([...facts].filter(([id]) => wanted.includes(id))),
    list: async () => [...facts.values()],
  });
  const { odd, documents } = documentsAtSsm();
  const deps: RunControllerPorts = {
    observations: createObservationWriter({ runs, results, limits, rules: settings }),
    runs,
    lanes,
    commits,
    trust,
    results,
    signals,
    requests: wrap(raw.requests),
    reader,
    sender: wrap(createSender({ client: ssm.client, documents, now, wait: async () => {} })),
    fleet,
    facts: createFactMemory({ fleet, now }),
    beyondEc2: async () => options.beyondEc2 ?? success([]),
    nodegroups: wrap({ status: async () => nodegroupStatus.status }),
    registry: wrap({ ask: async () => undefined }),
    ...{ wakes, settings, log, count, now, measure: telemetry.measure },
    looks: wrap(looks.queue),
    bus: wrap({
      put: async (events) => {
        notices.push(...events.map(({ detailType, detail }) => ({ detailType, detail })));
      },
    }),
    wait: (ms) => sleep(ms === 2000 ? 300 : 0), // The last wait of a turn lets it store what a call has answered.
    random: () => 0.5,
    newRunId: () => `r-${++counter}`,
  };
  const instances = {
    byIdWhereRead: async (wanted: readonly string[]) => ({
      found: wanted.flatMap((id) => {
        const state = facts.get(id)?.state;
        return state === undefined ? [] : [{ InstanceId: id, State: { Name: state as InstanceStateName } }];
      }),
      unread: new Map(),
    }),
  };
  const stores = { reader, runs, results, limits, texts, rules: settings, instances };
  const observer = createCommandObserver({ ...stores, log, now });
  const commandTrackerPorts = {
    observer,
    runs,
    results,
    reader,
    wakes,
    ...trackSettings(settings),
    log,
    ...{ count, now },
    wait: async () => {},
  };
  const schedulerPorts = {
    observer,
    due: wrap(createDueStore(table)),
    lanes,
    runs,
    results,
    wakes,
    settings,
    ...{ count, newId, log, now, bus: deps.bus },
    notices: wrap(createNoticeStore(table)),
    quarantines: wrap(createQuarantineStore(createTable(table), { retentionDays: 365 })),
    instances,
  };

  /** Delivers every wake; one that fails stays, and is tried again when time has advanced. */
  const deliver = async (): Promise<void> => {
    const again: Wake[] = [];
    for (let n = 0; queue.length > 0; n++) {
      if (n > MAX_DELIVERIES) throw new Error(`${MAX_DELIVERIES} wakes without an end: a lane turns in a circle`);
      const wake = queue.shift();
      if (wake === undefined) break;
      if (!(await invoke((signal) => turn(deps, wake, signal)))) again.push(wake);
    }
    queue.push(...again);
  };

  const pendingEvents: unknown[] = [];
  const announce = async (): Promise<void> => {
    for (const command of ssm.endedSince()) {
      for (let i = 0; i < (options.events ?? 1); i++) pendingEvents.push(endEvent(command.id, command.documentName));
    }
    for (const body of pendingEvents.splice(0)) {
      if (!(await invoke(() => trackMessage(commandTrackerPorts, body)))) pendingEvents.push(body);
    }
  };

  /** A pending node, by default one that a check has found broken: however many wait, none is checked first. */
  const signal = async (instanceId: string, remediation = 'pause-image', at = iso(), source = CHECK_SOURCE) => {
    const lane = `demo/${remediation}`;
    await raw.signals.addPending({
      ...{ lane, cluster: 'demo', instanceId, reason: 'SandboxImageMissing', signals: 1 },
      ...{ firstSeenAt: at, lastSeenAt: at, source, because: { kind: 'log' } },
    });
    await raw.signals.touchLane('demo', remediation, iso());
    queue.push({ kind: 'lane', lane });
  };

  /** An operator's run, as operator-api queues it. */
  const ask = async (runId: string, action: 'check' | 'repair', asked?: readonly string[]): Promise<void> => {
    const [remediation, documentKey] =
      action === 'check' ? ['node-check', 'node-check'] : ['pause-image', 'pause-image-repair'];
    const group = action === 'check' ? runId : `demo/${remediation}`;
    const because = becauseOnce({ kind: 'operator', by: 'mei' }, 'operator-api', iso());
    const request = { requestId: runId, action, cluster: 'demo', remediation, because, createdAt: iso() };
    const others = options.beyondEc2?.ok === true ? options.beyondEc2.value : [];
    await raw.requests.claim(request, asked ?? [...facts.keys(), ...others]);
    await raw.runs.create(
      queuedRun({
        ...{ runId, cluster: 'demo', remediation, action, group, now: iso() },
        document: { key: documentKey },
        because,
        slice: { from: 0 },
        limits: settings.policy.limits,
      }),
    );
    if (action === 'repair') {
      await raw.lanes.queueRun(group, iso(), runId);
      await raw.signals.touchLane('demo', remediation, iso());
    }
    queue.push(action === 'check' ? { kind: 'run', runId } : { kind: 'lane', lane: group });
  };

  /** Advances time in small steps: commands end, events arrive, and scheduler runs every minute. */
  const pass = async (seconds: number, step = 5): Promise<void> => {
    await deliver();
    for (let gone = 0; gone < seconds; gone += step) {
      clock.ms += step * 1000;
      await announce();
      await looks.deliver((look) => invoke(() => trackMessage(commandTrackerPorts, look)));
      if (Math.floor(clock.ms / 60_000) !== Math.floor((clock.ms - step * 1000) / 60_000)) {
        await invoke(() => tick(schedulerPorts, { kind: 'overdue' }, () => 60_000));
      }
      await deliver();
    }
  };

  const allRuns = async (): Promise<SeenRun[]> => {
    const items = await table.scan();
    return items
      .filter((i) => String(i.pk).startsWith('RUN#') && i.sk === 'STATE')
      .map((i) => rowOf(RunState, i))
      .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt) || a.runId.localeCompare(b.runId));
  };

  const resultsOf = async (runId: string) => (await table.items(`RESULT#${runId}`)).map((i) => rowOf(ResultRow, i));

  /** The nodes that a check found healthy: they have no result row. */
  const healthyOf = async (runId: string) => healthyNodes(await raw.runs.observations(runId));

  /** An order to cancel the request of a run; the test wakes what shall see it. */
  const cancel = async (runId: string, force = false): Promise<void> => {
    const run = await raw.runs.get(runId);
    if (run !== undefined) await raw.requests.cancel(run, { at: iso(), by: 'mei', reason: 'no more', force });
  };

  return {
    ...raw,
    odd,
    healthyOf,
    cancel,
    table,
    put: (item: Record<string, unknown>) => table.put(item),
    clear: async (key: { pk: string; sk: string }) => {
      await table.remove(key);
    },
    deps,
    commandTrackerPorts,
    schedulerPorts,
    settings,
    clock,
    iso,
    ids,
    nodes,
    facts,
    nodegroupStatus,
    ssm,
    crash: crash.state,
    thaw,
    queue,
    notices,
    looks,
    failures,
    telemetry,
    signal,
    ask,
    deliver,
    pass,
    runReconcile: (kind: 'overdue' | 'sweep') =>
      tick(schedulerPorts, kind === 'sweep' ? { kind, everyMinutes: 30 } : { kind }, () => 60_000),
    track: (commandId: string, documentName: string) =>
      trackMessage(commandTrackerPorts, endEvent(commandId, documentName)),
    look: (commandId: string, attempt = 1) => trackMessage(commandTrackerPorts, { kind: 'look', commandId, attempt }),
    allRuns,
    resultsOf,
  };
};
