import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyTree } from '../support/tree-copy.ts';

const { copy, write, read, node, compile, runTests, changed, remove } = copyTree('new-signal');
afterAll(remove);

const TIMEOUT_MS = 300_000;

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

beforeAll(() => {
  write('core/signals/definitions/rebalances.ts', DEFINITION);
  appendFileSync(join(copy, 'core/signals/registry.ts'), LINE);
});

it('a signal without samples fails the tests, which name it', { timeout: TIMEOUT_MS }, () => {
  expect(runTests('test/contract/signals.test.ts').failed).toEqual([
    'has a folder of samples for each signal and each internal rule, and no other folder',
    'has a sample that matches rebalances and two near misses',
  ]);
});

it('a signal is a file, a line and its samples: everything else follows', { timeout: TIMEOUT_MS }, () => {
  const samples = 'events/samples/signals/rebalances';
  mkdirSync(join(copy, samples));
  write(`${samples}/match-recommendation.json`, JSON.stringify(sample({})));
  write(
    `${samples}/miss-interruption.json`,
    JSON.stringify(sample({ 'detail-type': 'EC2 Spot Instance Interruption Warning' })),
  );
  write(
    `${samples}/miss-no-instance.json`,
    JSON.stringify(sample({ detail: { 'instance-id': 'mi-0123456789abcdef0' } })),
  );
  for (const script of ['test/docs/render-signals.ts', 'infra/config-schema.ts']) {
    expect(node(script)).toMatchObject({ status: 0 });
  }
  const { passed, failed } = runTests(
    'test/contract/signals.test.ts',
    'test/contract/signals-doc.test.ts',
    'test/infra/rule-patterns.test.ts',
    'infra/config-schema.test.ts',
  );
  expect(failed).toEqual([]);
  expect(passed).toEqual(
    expect.arrayContaining([
      'are the definitions of the signals and of the internal rules',
      'rebalances matches match-recommendation',
      'leave out the signals of signals.rebalances where the configuration turns it off',
      'rebalances/match-recommendation matches the rule, and signal-intake accepts it',
      'rebalances/match-recommendation from another source is refused by the rule and by signal-intake',
      'rebalances/miss-no-instance is turned away',
    ]),
  );
  expect(compile()).toEqual({ status: 0, output: '' });
  expect(changed()).toEqual([
    'core/signals/definitions/rebalances.ts',
    'core/signals/registry.ts',
    'docs/signals.md',
    `${samples.replace('/rebalances', '')}/README.md`,
    `${samples}/match-recommendation.json`,
    `${samples}/miss-interruption.json`,
    `${samples}/miss-no-instance.json`,
    'infra/config.schema.json',
  ]);
  expect(read('docs/signals.md')).toMatch(/^\| `rebalances` .*`signals\.rebalances`/m);
  expect(read(join(samples, '../README.md'))).toMatch(
    /`rebalances\/miss-no-instance` +\| does not match \| refuses: `detail\.instance-id`/,
  );
});
