import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig, loadExample } from '../../infra/load.ts';
import { EXIT, runCommand } from '../../infra/user-error.ts';
import { sampleOf } from '../support/sample.ts';
import { type StandIn, startStandIn } from './aws-stand-in.ts';
import { deploy, folderOf, root } from './run-deploy.ts';

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
afterAll(async () => standIn.stop());

const good = { account: '123456789012', region: 'eu-west-1', clusters: [{ name: 'shop' }] };
const json = (config: unknown): string => JSON.stringify(config);

type Mistake = readonly [what: string, file: string, content: string | undefined, lines: readonly RegExp[]];

describe('an error in the configuration is one line, without a call to AWS', () => {
  const mistakes: readonly Mistake[] = [
    ['a file that does not exist', 'gone.ts', undefined, [/^deploy: --config: .*gone\.ts does not exist/]],
    [
      'a YAML file',
      'c.yaml',
      'clusters: []',
      [/c\.yaml is no configuration file: its name ends in \.ts, \.mjs, \.json$/],
    ],
    ['an empty JSON file', 'c.json', '', [/c\.json: not valid JSON: Unexpected end of JSON input$/]],
    ['JSON with a comma too many', 'c.json', '{"clusters": [],}', [/c\.json: not valid JSON: .*position 16/]],
    ['a syntax error', 'c.ts', 'export const config = {;', [/c\.ts: cannot be loaded: \w*SyntaxError: /]],
    [
      'TypeScript that is more than types',
      'c.ts',
      'enum A { b }\nexport const config = {};',
      [/c\.ts: cannot be loaded: \w+: .*enum/],
    ],
    [
      'a file that throws',
      'c.mjs',
      'throw new Error("no secret found");',
      [/c\.mjs: cannot be loaded: Error: no secret found$/],
    ],
    [
      'an import that is not there',
      'c.mjs',
      'import "./gone.mjs";',
      [/c\.mjs: cannot be loaded: Error: Cannot find module .*gone\.mjs/],
    ],
    ['no export', 'c.mjs', 'const config = {};', [/c\.mjs: exports no configuration: write/]],
    ['two exports', 'c.mjs', 'export const config = {};\nexport default {};', [/c\.mjs: exports two configurations/]],
    ['a function', 'c.mjs', 'export default () => ({});', [/c\.mjs: \(top\): Invalid input: expected object/]],
    ['a list', 'c.json', '[]', [/c\.json: \(top\): Invalid input: expected object/]],
    ['no clusters', 'c.json', json({ ...good, clusters: [] }), [/c\.json: clusters: list at least one cluster$/]],
    [
      'an unknown field',
      'c.json',
      json({ ...good, cluster: [] }),
      [/c\.json: cluster: no such field; there are account, region/],
    ],
    [
      'a mode that does not exist',
      'c.json',
      json({ ...good, clusters: [{ name: 'a', mode: 'on' }] }),
      [/clusters\.0\.mode: .*"observe"\|"repair"/],
    ],
    [
      'a wrong remediation and a wrong number, in one round',
      'c.json',
      json({ ...good, sweepMinutes: 1, clusters: [{ name: 'a', remediations: { 'pause-imge': {} } }] }),
      [
        /sweepMinutes: Too small/,
        /clusters\.0\.remediations\.pause-imge: no such remediation; there are pause-image, /,
      ],
    ],
    [
      'a cluster twice',
      'c.json',
      json({ ...good, clusters: [{ name: 'a' }, { name: 'a' }] }),
      [/clusters\.1\.name: a is listed twice/],
    ],
    [
      'a log group of two clusters',
      'c.json',
      json({
        ...good,
        clusters: [
          { name: 'a', logGroups: ['/g'] },
          { name: 'b', logGroups: ['/g'] },
        ],
      }),
      [/clusters\.1\.logGroups: \/g is listed by a and b/],
    ],
    [
      'an account as a number',
      'c.json',
      json({ ...good, account: 123456789012 }),
      [/account: write the account as text/],
    ],
    ['no account', 'c.json', json({ ...good, account: undefined }), [/account: name the AWS account to deploy to/]],
    ['no Region', 'c.json', json({ ...good, region: undefined }), [/region: name the Region to deploy to/]],
    [
      'a file with a byte order mark and a wrong field',
      'c.json',
      `\uFEFF${json({ ...good, cluster: 1 })}`,
      [/c\.json: cluster: no such field/],
    ],
    [
      'an import of the package from outside of it',
      'c.mjs',
      "import { defineConfig } from 'fleetmend/config';\nexport const config = defineConfig({});",
      [
        /c\.mjs: cannot be loaded: Error: Cannot find package 'fleetmend'.*; outside of the repository of fleetmend export a plain object/,
      ],
    ],
    [
      "a wrong mode, no Region and the example's cluster, in one round",
      'c.json',
      json({ account: '123456789012', clusters: [{ name: 'example-cluster', mode: 'x' }] }),
      [/clusters\.0\.mode: /, /region: name the Region/, /clusters\.0\.name: example-cluster is the example's/],
    ],
    [
      'a Region of another partition',
      'c.json',
      json({ ...good, region: 'us-isob-east-1' }),
      [/region: a Region of a partition other than/],
    ],
    [
      'a topic of another Region',
      'c.json',
      json({ ...good, notifications: { topicArn: 'arn:aws:sns:eu-west-2:123456789012:t' } }),
      [/notifications\.topicArn: a topic of aws eu-west-2/],
    ],
    [
      "the example's account and cluster",
      'c.json',
      json({ ...good, account: '111122223333', clusters: [{ name: 'example-cluster' }] }),
      [/account: 111122223333 is the example's/, /clusters\.0\.name: example-cluster is the example's/],
    ],
  ];
  /** What the first step of a deployment prints, in this process: each process loads the SDK again. */
  const readHere = async (file: string): Promise<{ code: unknown; lines: readonly string[] }> => {
    const printed = vi.spyOn(console, 'error').mockReturnValue(undefined);
    const before = process.exitCode;
    try {
      await runCommand('deploy', async () => {
        await loadConfig(file, { example: (await loadExample()).config });
        return EXIT.done;
      });
      return { code: process.exitCode, lines: printed.mock.calls.map(([line]) => String(line)) };
    } finally {
      process.exitCode = before;
      printed.mockRestore();
    }
  };
  // Node itself must load what is code; of the rest, some go through the program.
  const isData = ([, file, content]: Mistake): boolean => file.endsWith('.json') && content !== undefined;
  const data = mistakes.filter(isData);
  const ran = new Set(sampleOf('mistakes that go through the program', data, 3));
  const read = new Set(data.filter((mistake) => !ran.has(mistake)));
  const code = sampleOf(
    'mistakes in code',
    mistakes.filter((mistake) => !isData(mistake)),
    5,
  );

  it.each([...code, ...data].map((mistake) => [mistake[0], mistake] as const))('%s', async (_, mistake) => {
    const [, file, content, lines] = mistake;
    const path = join(folderOf(content === undefined ? {} : { [file]: content }), file);
    const { code, lines: printed } = read.has(mistake)
      ? await readHere(path)
      : await deploy(standIn, ['--config', path]);
    expect(printed).toEqual(lines.map((line) => expect.stringMatching(line)));
    for (const line of printed) expect(line).toMatch(/^deploy: /);
    expect(code).toBe(2);
    expect(standIn.calls).toEqual([]);
  });

  it('the example itself', async () => {
    const { code, lines } = await deploy(standIn, ['--config', join(root, 'infra', 'example.config.ts')]);
    expect(lines).toEqual([
      expect.stringMatching(/example\.config\.ts: account: 111122223333 is the example's/),
      expect.stringMatching(/example\.config\.ts: clusters\.0\.name: example-cluster is the example's/),
    ]);
    expect(code).toBe(2);
  });

  it('no configuration at all', async () => {
    const { code, lines } = await deploy(standIn, []);
    expect(lines).toEqual([
      'deploy: found no configuration: copy infra/example.config.ts to fleetmend.config.ts, or name a file with --config',
    ]);
    expect(code).toBe(2);
  });

  it('an option that does not exist', async () => {
    const { code, lines } = await deploy(standIn, ['--ye']);
    expect(lines).toEqual([expect.stringMatching(/^deploy: Unknown option '--ye'.*--help shows the options$/)]);
    expect(code).toBe(2);
  });

  it('a file by its path, relative to the folder of the call', async () => {
    const folder = folderOf({ 'mine.json': json({ ...good, sweepMinutes: 1 }) });
    const { lines } = await deploy(standIn, ['--config', 'mine.json'], { INIT_CWD: folder });
    expect(lines).toEqual([expect.stringMatching(/^deploy: mine\.json: sweepMinutes: /)]);
  });
});
