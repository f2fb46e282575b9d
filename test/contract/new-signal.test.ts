import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';

const root = join(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'fleetmend-new-signal-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const TREE = ['core', 'events', 'functions', 'ssm-documents', 'infra', 'cli', 'lab', 'test', 'docs'];
const ROOT_FILES = ['package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md'];
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

/** Writes a file of the copy. */
const write = (path: string, text: string): void => writeFileSync(join(copy, path), text);
const node = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
};

const Report = z.object({
  testResults: z.array(z.object({ assertionResults: z.array(z.object({ title: z.string(), status: z.string() })) })),
});
/** The titles of the tests that ran in the copy, by status. */
const runTests = (
  ...files: readonly string[]
): { readonly passed: readonly string[]; readonly failed: readonly string[] } => {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = join('node_modules', 'vitest', 'vitest.mjs');
  const { output } = node(vitest, 'run', '--project', 'unit', '--reporter=json', `--outputFile=${report}`, ...files);
  if (!existsSync(report)) throw new Error(`running ${files}: ${output}`);
  const results = Report.parse(JSON.parse(readFileSync(report, 'utf8'))).testResults;
  const all = results.flatMap(({ assertionResults }) => assertionResults);
  const of = (status: string) => all.filter((test) => test.status === status).map(({ title }) => title);
  return { passed: of('passed'), failed: of('failed') };
};

/** The files of the copy that are not as in the repository. */
const changed = (): readonly string[] =>
  globSync('{core,events,functions,ssm-documents,infra,cli,lab,test,docs}/**', { cwd: copy })
    .filter((path) => statSync(join(copy, path)).isFile())
    .filter(
      (path) => !existsSync(join(root, path)) || !readFileSync(join(root, path)).equals(readFileSync(join(copy, path))),
    )
    .toSorted();

beforeAll(() => {
  for (const name of [...TREE, ...ROOT_FILES]) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
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
  expect(node(join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.')).toEqual({ status: 0, output: '' });
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
  expect(readFileSync(join(copy, 'docs/signals.md'), 'utf8')).toMatch(/^\| `rebalances` .*`signals\.rebalances`/m);
  expect(readFileSync(join(copy, samples, '../README.md'), 'utf8')).toMatch(
    /`rebalances\/miss-no-instance` +\| does not match \| refuses: `detail\.instance-id`/,
  );
});
