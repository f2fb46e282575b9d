import type { Unread } from '../../core/guards/look.ts';
import type { Texts } from '../../core/model/render-message.ts';
import type { Invocation } from '../../core/runs/invocation.ts';
import type { CommandRow } from '../../core/state/command-state.ts';
import { ResultRow } from '../../core/state/results.ts';
import type { ListedCommand } from '../../functions/adapters/ssm/run-command.ts';
import { rowOf } from '../../functions/adapters/table/items.ts';
import { createResultStore } from '../../functions/adapters/table/result-store.ts';
import { createRunStore } from '../../functions/adapters/table/run-store.ts';
import { createCommandObserver } from '../../functions/shared/command-observer.ts';
import { at, LIMITS, node, nodes, START } from './runs.ts';
import { testSettings } from './settings.ts';
import type { TestTable } from './table.ts';
import { recorder } from './telemetry.ts';

/** A result line, as a repaired node prints it. */
export const line = (over: Record<string, unknown> = {}): string =>
  JSON.stringify({
    v: 2,
    remediation: 'pause-image',
    action: 'repair',
    outcome: 'Repaired',
    title: 'm',
    startedAt: at(1),
    endedAt: at(5),
    ...over,
  });
/** What SSM shows of node `n`. */
export const invocation = (n: number, statusDetails: string, output = line()): Invocation => ({
  instanceId: node(n),
  statusDetails,
  output,
});

/** The sentences of the tests. */
export const TEXTS: Texts = {
  version: '0badcafe',
  reasons: new Map([['DiskFull', { severity: 'Fatal', title: 'The disk is full', advice: 'grow the disk' }]]),
  remediations: new Map([['pause-image', { healthy: ['Fine.'], repaired: ['Repaired by {method}.'] }]]),
};

/** EC2, which shows every instance in a state. */
export const instancesIn = (state: 'running' | 'shutting-down') => ({
  byIdWhereRead: async (ids: readonly string[]) => ({
    found: ids.map((InstanceId) => ({ InstanceId, State: { Name: state } })),
    unread: new Map<string, Unread>(),
  }),
});

/** An observer of one command; what SSM shows and the time can be changed. */
export const observerWorld = async (table: TestTable, over: Partial<CommandRow> = {}) => {
  const own = await table.another();
  const shown: {
    invocations: readonly Invocation[];
    /** What GetCommandInvocation answers. */
    stdout: string | Error;
    listed?: ListedCommand;
    failure?: Error;
    /** EC2's state of the instances, or why it cannot be read. */
    state: 'running' | 'shutting-down';
    unread?: Unread;
    now: string;
  } = {
    invocations: [],
    stdout: '',
    state: 'running',
    now: at(20),
  };
  const runs = createRunStore({ ...own, retentionDays: 1 });
  const results = createResultStore({ ...own, limits: LIMITS });
  const { observe } = createCommandObserver({
    rules: testSettings(),
    reader: {
      invocations: async () => {
        if (shown.failure !== undefined) throw shown.failure;
        return shown.invocations;
      },
      stdout: async () => {
        if (shown.stdout instanceof Error) throw shown.stdout;
        return shown.stdout;
      },
      byId: async () => shown.listed,
      find: async () => undefined,
    },
    instances: {
      byIdWhereRead: async (ids) => {
        const { unread, state } = shown;
        if (unread === undefined) return await instancesIn(state).byIdWhereRead(ids);
        return { found: [], unread: new Map(ids.map((id) => [id, unread])) };
      },
    },
    runs,
    results,
    limits: LIMITS,
    texts: TEXTS,
    log: recorder().log,
    now: () => new Date(shown.now),
  });
  const command: CommandRow = {
    commandId: 'c-1',
    runId: 'r-1',
    key: '1',
    group: 'demo/pause-image',
    cluster: 'demo',
    remediation: 'pause-image',
    action: 'repair',
    instanceIds: nodes(2),
    sentAt: START,
    softDeadlineAt: at(90),
    hardDeadlineAt: at(390),
    ...over,
  };
  await results.putCommand(command);
  const written = async () => (await own.items(`RESULT#${command.runId}`)).map((i) => rowOf(ResultRow, i));
  const due = async () => (await own.items('COMMAND#c-1'))[0]?.dueSk;
  return { shown, runs, results, observe: () => observe(command), written, due };
};
