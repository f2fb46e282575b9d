import { expect, it } from 'vitest';
import { FUNCTION_NAMES } from '../../infra/bundle.ts';
import { describeWithRealNodes } from '../../lab/real/suite.ts';
import { isDeep } from '../deep.ts';
import { measureBundles } from './bundles.ts';
import { firstEdition } from './first-edition.ts';
import { measureFirstFault } from './first-fault.ts';
import { measureFleetRun } from './fleet-runs.ts';
import { coveredMs, hopsOf, measureHops } from './hops.ts';
import { measureLivedIn } from './lived-in-repairs.ts';
import { measureNodeRepairs } from './node-repairs.ts';
import { livedInSection, nodeSection } from './node-sections.ts';
import { built } from './node-ways.ts';
import { partsOf, withClock } from './repair-parts.ts';
import { atMost, pageOf, type Section, toMarkdown, toText } from './section.ts';
import { AIMS, bundlesSection, firstFaultSection, fleetSection, hopsSection } from './sections.ts';
import { countBy, median } from './statistics.ts';

const NODES = 100;
/** The documents of a check of all remediations. */
const READ_DOCUMENTS = 1;

it('checks a fleet with one SSM call of each kind for 50 nodes, and three looks for the person who waits', async () => {
  const figures = await measureFleetRun('check', NODES);
  const { calls, ssmCalls, ends } = figures.fleetmend;
  expect(calls).toMatchObject({
    'ssm:DescribeInstanceInformation': 2,
    'ssm:SendCommand': 2,
  });
  // One at the end of each command; before it three looks, and one at the soft deadline where a node is slow.
  expect(calls['ssm:ListCommandInvocations']).toBeGreaterThanOrEqual(2);
  expect(calls['ssm:ListCommandInvocations']).toBeLessThanOrEqual(2 * 5);
  // Each document is read once in an execution environment, however many nodes it is sent to.
  expect(calls).toMatchObject({ 'ssm:DescribeDocument': READ_DOCUMENTS, 'ssm:GetDocument': READ_DOCUMENTS });
  expect((ssmCalls - 2 * READ_DOCUMENTS) / NODES).toBeLessThanOrEqual(AIMS.ssmCallsPerNode.check);
  expect(Object.values(ends).reduce((a, b) => a + b, 0)).toBe(NODES);
  // The loop sends one command to each node, and asks for each at least once.
  expect(figures.loop.calls['ssm:GetCommandInvocation']).toBeGreaterThanOrEqual(NODES);
  expect(Object.values(figures.loop.ends).reduce((a, b) => a + b, 0)).toBe(NODES);
  expect(toText(fleetSection([figures]))).toContain('check, loop');
});

// Its loop sends a command to each node. test/e2e/limits.test.ts has a sample: budget and window of a repair.
const repairsFleet = async (): Promise<void> => {
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
};
if (isDeep)
  it(
    'repairs a fleet with two looks at each command at most, and reads the facts of fifty nodes at once',
    repairsFleet,
  );

it('measures the size and the load time of every function', () => {
  const figures = measureBundles(1);
  expect(figures.bundles.map((b) => b.name)).toEqual([...FUNCTION_NAMES]);
  for (const bundle of figures.bundles) {
    expect(bundle.kilobytes).toBeLessThanOrEqual(figures.maxKilobytes);
    expect(bundle.loadMs).toBeGreaterThan(0);
  }
  expect(toMarkdown(bundlesSection(figures))).toMatch(/\| run-controller \| \d+ KB \|/);
});

// test/e2e-real/four-ways.test.ts repairs a node by each method, and follows one from its log line.
if (isDeep)
  await describeWithRealNodes('the bench on real nodes', () => {
    it('repairs a node by hand and by each method, and checks a healthy one', async () => {
      const figures = await measureNodeRepairs(1);
      if (!figures.ran) throw new Error(figures.why);
      expect(figures.ways.map((w) => w.way)).toEqual([
        'ctr content fetch with a given token',
        'repair, method ecr, request of its own',
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

    it('repairs a node that has been lived in much faster than the first edition, and checks it as fast', async () => {
      const figures = await measureLivedIn(1);
      if (!figures.ran) throw new Error(figures.why);
      const [toFirst, byHand] = livedInSection(figures).aims.map(({ got }) => Number(got));
      // The aims are for a quiet machine; the first edition's look at the journal ends by its time limit on a busy one.
      expect(toFirst).toBeLessThan(0.5);
      expect(byHand).toBeLessThan(1.5);
      expect(figures.ways.find((w) => w.parts !== undefined)?.parts).toMatchObject({
        look: expect.any(Number),
        proof: expect.any(Number),
      });
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

it('builds the documents of the first edition from their commit, or says that the clone lacks it', () => {
  const first = firstEdition();
  if (first.ok) {
    const keys = first.documents.map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(['pause-image-check', 'pause-image-repair', 'node-check']));
  } else expect(first.why).toMatch(/does not have the commit [0-9a-f]{7}$/);
});

it('times the parts of a repair by its log, and changes nothing else of the document', () => {
  const document = built('pause-image-repair');
  const clocked = withClock(document);
  const linesOf = ({ content }: typeof document): string[] => content.mainSteps.flatMap((s) => s.inputs.runCommand);
  const changed = linesOf(clocked).filter((line, i) => line !== linesOf(document)[i]);
  expect(changed).toEqual([`  printf '[%s] %s\\n' "$EPOCHREALTIME" "$*" >&2`]);
  expect(() => withClock(clocked)).toThrow('0 lines of it print the log');
  const log = [
    '[1.200] repairing SandboxImageMissing',
    '[1.210] trying the method tag',
    '[1.230] trying the method ecr',
    '[1.240] running x for a token',
    '[1.300] fetching a/b:1',
    '[1.450] pinning a/b:1',
    '[1.500] starting the test container x',
    '[1.700] ending with Repaired SandboxImageMissing',
    'a line without a time',
  ];
  const parts = partsOf(log.join('\n'), 'ecr', 1000, 1750);
  const rounded = Object.entries(parts).map(([name, ms]) => `${name} ${Math.round(ms)}`);
  expect(rounded.join(', ')).toBe('look 200, others 30, token 70, image 150, pin 50, proof 200, end 50');
  expect(() => partsOf(log.slice(0, 4).join('\n'), 'ecr', 1000, 1750)).toThrow('begins with "pinning "');
});

it('keeps what an earlier run wrote of the parts that were not measured', () => {
  const section = (title: string): Section => ({
    title,
    about: 'About.',
    table: { head: [], rows: [] },
    aims: [],
    notes: [],
  });
  const all = new Map([
    ['one', section('One')],
    ['two', section('Two')],
  ]);
  const first = pageOf('# Page', ['one', 'two'], all, '', { date: '2026-01-01', load: 0.25 });
  expect(first).toBe(
    '# Page\n\n## One\n\n<!-- one, 2026-01-01 -->\n\nMeasured on 2026-01-01, with a load of 0.3 on the machine.\n\nAbout.\n\n## Two\n\n<!-- two, 2026-01-01 -->\n\nMeasured on 2026-01-01, with a load of 0.3 on the machine.\n\nAbout.\n',
  );
  const again = pageOf('# Page', ['one', 'two'], new Map([['two', section('Two, again')]]), first, {
    date: '2026-02-02',
    load: 3,
  });
  expect(again).toContain('## One\n\n<!-- one, 2026-01-01 -->');
  expect(again).toContain('## Two, again\n\n<!-- two, 2026-02-02 -->');
  expect(again.match(/^## /gm)).toHaveLength(2);
});

it('reports which aim the first fault misses, or why it was not measured', () => {
  const ms = { 'first edition': 1000, 'first edition, large': 9000, 'this edition': 700, 'this edition, large': 770 };
  const figures = { rounds: 5, small: 20, large: 10_000, ms, overFirstEdition: 0.7, largeOverSmall: 1.1 };
  const section = firstFaultSection({ ok: true, figures });
  expect(section.aims.map(({ reached, got }) => [reached, got])).toEqual([
    [false, '0.70'],
    [true, '1.10'],
  ]);
  expect(firstFaultSection({ ok: false, why: 'no commit' }).about).toBe('Not measured: no commit.');
});

if (isDeep)
  it('sends to the first node of a large cluster without its count, unlike the first edition', async () => {
    const measured = await measureFirstFault(1, 10, 4000);
    if (!measured.ok) return expect(measured.why).toMatch(/does not have the commit/);
    const { ms } = measured.figures;
    expect(ms['this edition, large']).toBeLessThan(ms['first edition, large'] / 2);
  });

it('lists the figures that it could not measure without real nodes', () => {
  expect(nodeSection({ ran: false, why: 'this machine lacks root' }).about).toContain('this machine lacks root');
  expect(hopsSection(undefined, 'this machine lacks root').about).toBe('Not measured: this machine lacks root.');
});
