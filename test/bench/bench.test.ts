import { expect, it } from 'vitest';
import { describeWithRealNodes } from '../../lab/real/suite.ts';
import { measureBundles } from './bundles.ts';
import { measureFleetRun } from './fleet-runs.ts';
import { coveredMs, hopsOf, measureHops } from './hops.ts';
import { measureNodeRepairs } from './node-repairs.ts';
import { atMost, type Section, toMarkdown, toText } from './section.ts';
import { AIMS, bundlesSection, fleetSection, hopsSection, nodeSection } from './sections.ts';
import { countBy, median } from './statistics.ts';

const NODES = 100;

it('checks a fleet with one SSM call of each kind for 50 nodes', async () => {
  const figures = await measureFleetRun('check', NODES);
  const { calls, ssmCallsPerNode, ends } = figures.fleetmend;
  expect(calls).toMatchObject({
    'ssm:DescribeInstanceInformation': 2,
    'ssm:SendCommand': 2,
    'ssm:ListCommandInvocations': 2,
  });
  expect(ssmCallsPerNode).toBeLessThanOrEqual(AIMS.ssmCallsPerNode.check);
  expect(Object.values(ends).reduce((a, b) => a + b, 0)).toBe(NODES);
  // The loop sends one command to each node, and asks for each at least once.
  expect(figures.loop.calls['ssm:GetCommandInvocation']).toBeGreaterThanOrEqual(NODES);
  expect(Object.values(figures.loop.ends).reduce((a, b) => a + b, 0)).toBe(NODES);
  expect(toText(fleetSection([figures]))).toContain('check, loop');
});

it('repairs a fleet with two looks at each command at most, and reads the facts of fifty nodes at once', async () => {
  const { fleetmend, loop } = await measureFleetRun('repair', NODES);
  const { calls, ends } = fleetmend;
  expect(Object.values(ends).reduce((a, b) => a + b, 0)).toBe(NODES);
  // Two for the plan; then once a minute, since a minute uses fewer than fifty nodes.
  expect(calls['ssm:DescribeInstanceInformation']).toBeLessThanOrEqual(2 + Math.ceil(fleetmend.seconds / 60));
  const commands = calls['ssm:SendCommand'] ?? 0;
  // Three canaries, then at most 10 % of the nodes at once.
  expect(commands).toBeGreaterThanOrEqual(3 + (NODES - 3) / 10);
  expect(calls['ssm:ListCommandInvocations']).toBeLessThanOrEqual(3 * commands);
  expect(fleetmend.ssmCalls).toBeLessThan(loop.ssmCalls / 10);
});

it('measures the size and the load time of every function', () => {
  const figures = measureBundles(1);
  expect(figures.bundles.map((b) => b.name)).toEqual([
    'log-classifier',
    'signal-intake',
    'operator-api',
    'command-tracker',
    'run-controller',
    'scheduler',
    'audit-query',
  ]);
  for (const bundle of figures.bundles) {
    expect(bundle.kilobytes).toBeLessThanOrEqual(figures.maxKilobytes);
    expect(bundle.loadMs).toBeGreaterThan(0);
  }
  expect(toMarkdown(bundlesSection(figures))).toMatch(/\| run-controller \| \d+ KB \|/);
});

await describeWithRealNodes('the bench on real nodes', () => {
  it('repairs a node by hand and by each method, and checks a healthy one', async () => {
    const figures = await measureNodeRepairs(1);
    if (!figures.ran) throw new Error(figures.why);
    expect(figures.ways.map((w) => w.way)).toEqual([
      'repair, method ecr, AWS CLI',
      'repair, method ecr, docker-credential-ecr-login',
      'repair, method ecr, credential provider (stand-in)',
      'repair, method tag',
      'repair, method import',
      'repair of a healthy node',
      'check of a healthy node',
      'node-check of a healthy node',
    ]);
    for (const way of [figures.manual, ...figures.ways]) {
      expect(way.wallMs).toBeGreaterThan(0);
      expect(way.processorMs).toBeGreaterThan(0);
    }
    expect(nodeSection(figures).aims.every((aim) => !aim.got.includes('NaN'))).toBe(true);
  });

  it('follows a node from its log line to its result', async () => {
    const figures = await measureHops();
    expect(figures.hops).toHaveLength(6);
    expect(figures.processingMs).toBeGreaterThan(0);
    expect(figures.processingMs).toBeLessThanOrEqual(figures.wallMs - figures.documentMs);
  });
});

it('counts the time of parallel functions once, and none outside the step', () => {
  const spans = [
    { from: 0, to: 20 },
    { from: 10, to: 30 },
    { from: 12, to: 14 },
    { from: 90, to: 200 },
  ];
  expect(coveredMs(spans, { from: 5, to: 100 })).toBe(35);
  expect(coveredMs([], { from: 5, to: 100 })).toBe(0);
});

it('names the step that a node never reached', () => {
  expect(() => hopsOf({ logged: 1, classified: 2 }, [])).toThrow('never came to "queued"');
});

it('takes the median of an even count between its two middle values', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([3, 1, 2])).toBe(2);
  expect(() => median([])).toThrow('there are no values');
});

it('counts by name, the most frequent first', () => {
  expect(Object.entries(countBy(['b', 'a', 'a'], (name) => name))).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
});

it('reports for each aim whether it was reached', () => {
  const show = (value: number): string => `${value} s`;
  const section: Section = {
    title: 'Title',
    about: 'About.',
    table: { head: ['way', 'time'], rows: [['slow', '12 s']] },
    aims: [atMost('one', 12, 10, show), atMost('two', 10, 10, show)],
    notes: [],
  };
  expect(toMarkdown(section)).toContain(
    '- Aim: one: at most 10 s — 12 s, **missed**\n- Aim: two: at most 10 s — 10 s\n',
  );
  expect(toText(section)).toContain('MISSED   one: at most 10 s: 12 s\nreached  two: at most 10 s: 10 s');
});

it('lists the figures that it could not measure without real nodes', () => {
  expect(nodeSection({ ran: false, why: 'this machine lacks root' }).about).toContain('this machine lacks root');
  expect(hopsSection(undefined, 'this machine lacks root').about).toBe('Not measured: this machine lacks root.');
});
