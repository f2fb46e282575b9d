import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { copyTree } from '../support/tree-copy.ts';

// One copy of the tree for all: to copy and to compile it takes longer than the rest.
const { copy, write, read, node, compile, runTests, changed, remove } = copyTree('new-entries');
afterAll(remove);

const TIMEOUT_MS = 900_000;

const DEFINITION = `import * as z from 'zod';
import { InstanceId, isoTime } from '../../model/ids.ts';
import { defineSignal } from '../define-signal.ts';

export const rebalances = defineSignal({
  name: 'rebalances',
  title: 'EC2 recommends to rebalance a Spot Instance.',
  documentation: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/rebalance-recommendations.html',
  bus: 'default',
  detailTypes: ['EC2 Instance Rebalance Recommendation'],
  sources: ['aws.ec2'],
  repairSources: [],
  configKey: 'rebalances',
  detailPattern: () => ({ 'instance-id': [{ prefix: 'i-' }] }),
  checkReasons: ['RebalanceRecommended'],
  ignored: {},
  ways: [
    { when: 'A Spot Instance is at risk.', leadsTo: 'a check of the node', delay: 'seconds', cost: 'none' },
  ],
  detail: z.object({ 'instance-id': InstanceId }),
  read: ({ 'instance-id': id }, { time }) => ({
    kind: 'node',
    node: { kind: 'instance-id', id },
    reason: 'RebalanceRecommended',
    firstSeenAt: isoTime(Date.parse(time)),
    lastSeenAt: isoTime(Date.parse(time)),
    count: 1,
    isProof: true,
  }),
});
`;
const LINE = "export { rebalances } from './definitions/rebalances.ts';\n";
const SAMPLES = 'events/samples/signals/rebalances';
const sample = (over: object) => ({
  version: '0',
  id: '00000000-0000-4000-8000-000000000099',
  'detail-type': 'EC2 Instance Rebalance Recommendation',
  source: 'aws.ec2',
  account: '123456789012',
  time: '2026-08-22T10:00:01Z',
  region: 'eu-west-1',
  resources: [],
  detail: { 'instance-id': 'i-0123456789abcdef0' },
  ...over,
});

const CONTRACT = 'test/contract/payloads.test.ts';

const QUERY = `import * as z from 'zod';
import { Page } from '../../../core/api/report.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { index } from '../../adapters/table/keys.ts';
import { defineQuery } from '../define-query.ts';

export const history = defineQuery({
  name: 'history',
  title: 'Lists the runs of a cluster, the oldest first.',
  payload: z.strictObject({ cluster: ClusterName, ...Page }),
  plan: ({ cluster }) => ({ partitions: [{ index: 'byOwner', key: index.runsOf(cluster) }], order: 'ascending' }),
});
`;
const ACTION = `import * as z from 'zod';
import { DryRun, RequestedBy } from '../../../core/api/request.ts';
import { defineAction } from '../define-action.ts';

export const greet = defineAction({
  name: 'greet',
  title: 'Answers with the name of the caller.',
  way: 'stop',
  payload: z.strictObject({ requestedBy: RequestedBy, ...DryRun }),
  preview: async (_deps, _caller, { requestedBy }) => ({ greets: requestedBy }),
  perform: async (_deps, _caller, { requestedBy }) => ({ greeted: requestedBy }),
});
`;
/** Invokes both functions with a table that holds one run. */
const USE = `import { expect, it } from 'vitest';
import { operatorApiWorld } from '../../test/support/operator-api-world.ts';
import { startTable } from '../../test/support/table.ts';
import { auditQueryPorts } from '../../test/support/audit-query.ts';
import { report } from '../audit-query/query.ts';

it('answers the new action and the new query', async () => {
  const table = await startTable();
  const { ask, refused } = operatorApiWorld(table);
  expect(await ask({ action: 'greet', requestedBy: 'mei' })).toEqual({ greeted: 'mei' });
  await ask({ action: 'check', cluster: 'demo', requestedBy: 'mei' });
  const deps = auditQueryPorts(table);
  expect(await report(deps, { query: 'history', cluster: 'demo' })).toMatchObject({ items: [{ kind: 'run', cluster: 'demo' }] });
  expect(await report(deps, { query: 'past' })).toMatchObject({
    error: { message: expect.stringContaining('history, node, open') },
  });
  expect((await refused({ action: 'wave' })).message).toContain('cancel, check, discard, greet, pause');
  await table.stop();
});
`;

// Each run loads the tests of the copy again: one shows what is missing of the signal, the query and the action.
describe('a new signal, a new query and a new action', () => {
  it('fail the tests without their lines and samples, and are named', { timeout: TIMEOUT_MS }, () => {
    write('core/signals/definitions/rebalances.ts', DEFINITION);
    appendFileSync(join(copy, 'core/signals/registry.ts'), LINE);
    // The query lacks its line; the action has it, and a sample of another one.
    write('functions/audit-query/queries/history.ts', QUERY);
    write('functions/operator-api/actions/greet.ts', ACTION);
    appendFileSync(join(copy, 'functions/operator-api/actions/registry.ts'), "export { greet } from './greet.ts';\n");
    write('events/samples/operator-api-greet.json', JSON.stringify({ action: 'wave', requestedBy: 'mei' }));
    const missing = [
      'functions/audit-query/queries: every file of the folder has a line in its registry',
      'has a folder of samples for each signal and each internal rule, and no other folder',
      'has a sample that matches rebalances and two near misses',
      'greet requires the fields that it calls required, and refuses unknown fields',
      'is not up to date where a line is missing',
      'has the tables of the entries (node test/docs/render-payloads.ts writes them)',
      'operator-api-greet.json is a sample of the entry that its name says, and is accepted',
    ];
    expect(runTests('test/contract/signals.test.ts', CONTRACT).failed.toSorted()).toEqual(missing.toSorted());
  });

  /** The tests of the copy with all that belongs to the new entries. */
  let ran: ReturnType<typeof runTests> = { passed: [], failed: [] };

  it('are, as a signal, a file, a line and its samples: everything else follows', { timeout: TIMEOUT_MS }, () => {
    mkdirSync(join(copy, SAMPLES));
    write(`${SAMPLES}/match-recommendation.json`, JSON.stringify(sample({})));
    write(
      `${SAMPLES}/miss-interruption.json`,
      JSON.stringify(sample({ 'detail-type': 'EC2 Spot Instance Interruption Warning' })),
    );
    write(
      `${SAMPLES}/miss-no-instance.json`,
      JSON.stringify(sample({ detail: { 'instance-id': 'mi-0123456789abcdef0' } })),
    );
    appendFileSync(
      join(copy, 'functions/audit-query/queries/registry.ts'),
      "export { history } from './history.ts';\n",
    );
    write('events/samples/audit-query-history.json', JSON.stringify({ query: 'history', cluster: 'demo' }));
    write('events/samples/operator-api-greet.json', JSON.stringify({ action: 'greet', requestedBy: 'mei' }));
    for (const script of [
      'test/docs/render-signals.ts',
      'infra/config-schema.ts',
      'test/docs/render-configuration.ts',
      'test/docs/render-payloads.ts',
    ]) {
      expect(node(script)).toMatchObject({ status: 0 });
    }
    write('functions/shared/use.test.ts', USE);
    ran = runTests(
      'test/contract/signals.test.ts',
      'test/contract/signals-doc.test.ts',
      'test/infra/rule-patterns.test.ts',
      'infra/config-schema.test.ts',
      'test/contract/configuration-doc.test.ts',
      CONTRACT,
      'events/samples.test.ts',
      'test/contract/function-folders.test.ts',
      'functions/shared/use.test.ts',
    );
    expect(ran.failed).toEqual([]);
    expect(ran.passed).toEqual(
      expect.arrayContaining([
        'are the definitions of the signals and of the internal rules',
        'rebalances matches match-recommendation',
        'leave out the signals of signals.rebalances where the configuration turns it off',
        'rebalances/match-recommendation matches the rule, and signal-intake accepts it',
        'rebalances/match-recommendation from another source is refused by the rule and by signal-intake',
        'rebalances/miss-no-instance is turned away',
      ]),
    );
    expect(read('docs/signals.md')).toMatch(/^\| `rebalances` .*`signals\.rebalances`/m);
    expect(read('events/samples/signals/README.md')).toMatch(
      /`rebalances\/miss-no-instance` +\| does not match \| refuses: `detail\.instance-id`/,
    );
  });

  it('are, as a query or an action, a file, a line and a sample, and answer through the functions', () => {
    expect(ran.passed).toEqual(
      expect.arrayContaining([
        'history has a plain sentence, and a sample of its own',
        'answers the new action and the new query',
      ]),
    );
    expect(read('docs/payloads.md')).toMatch(/^\| `history` .*`cluster`.*\[history\]/m);
  });

  it('compile, and change no other file', { timeout: TIMEOUT_MS }, () => {
    expect(compile('core', 'functions')).toEqual({ status: 0, output: '' });
    expect(changed()).toEqual([
      'core/signals/definitions/rebalances.ts',
      'core/signals/registry.ts',
      'docs/configuration.md',
      'docs/payloads.md',
      'docs/signals.md',
      'events/samples/audit-query-history.json',
      'events/samples/operator-api-greet.json',
      'events/samples/signals/README.md',
      `${SAMPLES}/match-recommendation.json`,
      `${SAMPLES}/miss-interruption.json`,
      `${SAMPLES}/miss-no-instance.json`,
      'functions/audit-query/queries/history.ts',
      'functions/audit-query/queries/registry.ts',
      'functions/operator-api/actions/greet.ts',
      'functions/operator-api/actions/registry.ts',
      'functions/shared/use.test.ts',
      'infra/config.schema.json',
    ]);
  });
});
