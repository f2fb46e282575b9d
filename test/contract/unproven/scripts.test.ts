import { describe, expect, it } from 'vitest';
import { sampleOf } from '../../support/sample.ts';
import type { Scenario } from './answers.ts';
import { type Run, runScript, SCRIPTS } from './run-script.ts';
import { SCENARIOS } from './scenarios.ts';

const EXIT = { PROVEN: 0, REFUTED: 1, INCONCLUSIVE: 2 } as const;

const answersOf = (branches: string): string => `case "$*" in\n${branches}\nesac\n`;
const run = ({ script, answers, words }: Scenario): Promise<Run> =>
  runScript(script, { answers: answersOf(answers), ...(words === undefined ? {} : { words }) });

/** The names that calls with these words give to an option, sorted. */
const named = ({ calls }: Run, operation: RegExp, option: string): readonly string[] =>
  calls
    .filter((call) => operation.test(call))
    .map((call) => new RegExp(`--${option} (\\S+)`).exec(call)?.[1] ?? '')
    .sort();

/** Resources that scripts create outside of stacks, and the calls that remove them. */
const PAIRS = [
  [/ cloudformation create-stack /, / cloudformation delete-stack /, 'stack-name'],
  [/ ssm create-document /, / ssm delete-document /, 'name'],
  [/ logs create-log-group /, / logs delete-log-group /, 'log-group-name'],
  [/ s3api put-object /, / s3api delete-object /, 'bucket'],
] as const;

const expectClean = (result: Run): void => {
  for (const [create, remove, option] of PAIRS) {
    const removed = named(result, remove, option);
    for (const name of named(result, create, option)) {
      expect(name).toMatch(/^fleetmend-unproven-[a-z0-9]+-[0-9a-f]{8}(?:-[a-z]+)?$/);
      expect(removed).toContain(name);
    }
    for (const name of removed) expect(name).toMatch(/^fleetmend-unproven-/);
  }
  expect(result.leftovers).toEqual([]);
};

describe.each(sampleOf('answers to the scripts', SCENARIOS, 14))('$script: $title', (scenario) => {
  it(`ends in ${scenario.verdict} and removes what it created`, async () => {
    const result = await run(scenario);
    expect(result.stdout, result.stderr).toMatch(new RegExp(`^${scenario.verdict}: [^\\n]+\\n$`));
    if (scenario.says !== undefined) expect(result.stdout.trim()).toMatch(scenario.says);
    expect(result.code).toBe(EXIT[scenario.verdict]);
    expectClean(result);
  });
});

const proving = (script: string): Scenario => {
  const found = SCENARIOS.find((scenario) => scenario.script === script && scenario.verdict === 'PROVEN');
  if (found === undefined) throw new Error(`reading the scenarios: none proves ${script}`);
  return found;
};
const ONLY_READS = ['cloudtrail-fields.sh', 'filter-pattern.sh'];
const CREATE = SCRIPTS.filter((script) => !ONLY_READS.includes(script));

const someOf = (rule: string, scripts: readonly string[]) => sampleOf(`scripts: ${rule}`, scripts, 7);

describe('a script', () => {
  it.each(SCRIPTS)('%s has answers that prove it, that refute it and that leave it open', (script) => {
    const verdicts = SCENARIOS.filter((scenario) => scenario.script === script).map(({ verdict }) => verdict);
    expect([...new Set(verdicts)].sort()).toEqual(['INCONCLUSIVE', 'PROVEN', 'REFUTED']);
  });

  it.each(someOf('region and profile', SCRIPTS))('%s passes region and profile on to every call', async (script) => {
    const result = await runScript(script, {
      answers: answersOf(proving(script).answers),
      words: ['--profile', 'test', '--yes', '--region', 'eu-central-1'],
    });
    expect(result.calls.length).toBeGreaterThan(1);
    for (const call of result.calls) expect(call).toMatch(/^--profile test --region eu-central-1 --output text /);
  });

  it.each(someOf('changes', SCRIPTS))('%s changes nothing that it did not create', async (script) => {
    const result = await run(proving(script));
    const ours = /fleetmend-unproven-|https:\/\/sqs\.|arn:dlq|i-0123456789abcdef0|--command-id 11111111-/;
    const reads =
      /^--region \S+ --output text (?:sts get-caller-identity|ec2 describe-subnets|cloudtrail lookup-events|logs test-metric-filter)\b/;
    expect(result.calls.filter((call) => !reads.test(call) && !ours.test(call))).toEqual([]);
  });

  it.each(someOf('help', SCRIPTS))('%s prints its claim for --help, and calls nothing', async (script) => {
    const result = await runScript(script, { words: ['--help'] });
    expect([result.code, result.calls, result.leftovers]).toEqual([0, [], []]);
    expect(result.stdout).toMatch(/^[A-Z][^#]{60,}\n\nOptions:\n/);
    expect(result.stdout).not.toContain('shellcheck');
    expect(result.stdout).toContain('Exit codes: 0 PROVEN, 1 REFUTED, 2 INCONCLUSIVE');
  });
});

const MISTAKES = [
  ['an unknown option', ['--force', 'yes', '--region', 'eu-west-1'], /there is no option --force/],
  ['an option without a value', ['--region'], /--region is unknown or has no value/],
  ['no region', ['--yes'], /no region is set; give --region/],
] as const;
const mistaken = SCRIPTS.flatMap((script) => MISTAKES.map((mistake) => [script, ...mistake] as const));

it.each(sampleOf('mistakes in options', mistaken, 15))('%s does not start with %s', async (script, _, words, says) => {
  const result = await runScript(script, { words });
  expect(result.stdout).toMatch(says);
  expect(result.code).toBe(2);
  expect(result.calls.filter((call) => !call.includes('configure get region'))).toEqual([]);
});

const creation = (script: string) =>
  script === 'log-class.sh' ? 'logs create-log-group' : 'cloudformation create-stack';

describe('a script that creates something', () => {
  it.each(someOf('consent', CREATE))(
    '%s prints its resources and their cost, and creates nothing without consent',
    async (script) => {
      const result = await runScript(script, {
        answers: answersOf(proving(script).answers),
        words: ['--region', 'eu-west-1'],
      });
      expect(result.stderr).toMatch(/This script creates .+ and removes it at the end\.\nIt costs .+ and takes about /);
      expect(result.stdout).toMatch(
        /^INCONCLUSIVE: nothing was created: there is no terminal to ask on; give --yes\n$/,
      );
      expect(result.calls.filter((call) => !call.includes('sts get-caller-identity'))).toEqual([]);
    },
  );

  it.each(someOf('failures', CREATE))('%s cleans up where AWS fails at the creation', async (script) => {
    const failing = `'${creation(script)}'*) fail InternalFailure 'An internal error occurred' ;;`;
    const result = await runScript(script, { answers: answersOf(`${failing}\n${proving(script).answers}`) });
    expect(result.stdout).toMatch(/^INCONCLUSIVE: .*An internal error occurred/);
    expect(result.code).toBe(2);
    expectClean(result);
  });

  const signals = CREATE.flatMap((script) =>
    (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((it) => [script, it] as const),
  );
  it.each(sampleOf('signals to scripts', signals, 7))('%s cleans up after %s', async (script, signal) => {
    // No child of bash: a signal during one's end can leave bash 5.2 in a loop that never ends.
    const waiting = `'${creation(script)}'*) : > "$STATE/reached"; exec sleep 2 ;;`;
    const result = await runScript(script, { answers: answersOf(`${waiting}\n${proving(script).answers}`), signal });
    expect(result.stdout).toMatch(/^INCONCLUSIVE: (?:interrupted|stopped) while /);
    expect(result.code).toBe(2);
    expectClean(result);
  });

  it.each(someOf('leftovers', CREATE))('%s names the resources that it could not remove', async (script) => {
    const failing = "'cloudformation delete-stack'* | 'logs delete-log-group'*) fail InternalFailure 'try again' ;;";
    const result = await runScript(script, { answers: answersOf(`${failing}\n${proving(script).answers}`) });
    expect(result.stderr).toMatch(/NOT REMOVED: delete_(?:stack|group) fleetmend-unproven-\S+: .*try again/);
    expect(result.stdout).toMatch(/^PROVEN: /);
  });
});
