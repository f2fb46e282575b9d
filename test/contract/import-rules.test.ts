import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { read, root } from '../support/repository.ts';

const ROOMS = ['model', 'state', 'logs', 'signals', 'guards', 'runs', 'api'] as const;
/** The rooms of core that each room may import; itself is always among them. */
const MAY: Readonly<Record<(typeof ROOMS)[number], readonly string[]>> = {
  model: [],
  state: ['model'],
  logs: ['model', 'state'],
  signals: ['model', 'state'],
  guards: ['model', 'state'],
  runs: ['model', 'state', 'guards'],
  api: ['model', 'state', 'guards', 'runs'],
};

/** Files and what they import: the first list must be refused, the second must pass. */
const REFUSED: readonly (readonly [file: string, imported: string])[] = [
  ...ROOMS.flatMap((room) =>
    ROOMS.filter((other) => other !== room && !MAY[room].includes(other)).map(
      (other) => [`core/${room}/a.ts`, `../${other}/b.ts`] as const,
    ),
  ),
  ...ROOMS.flatMap((room) =>
    ['node:fs', '@aws-sdk/client-ssm', '../../events/b.ts', '../../functions/b.ts'].map(
      (imported) => [`core/${room}/a.ts`, imported] as const,
    ),
  ),
  ['core/signals/definitions/a.ts', '../../runs/b.ts'],
  ['core/signals/definitions/a.ts', '../../../events/b.ts'],
  ['core/logs/classify/a.ts', '../../guards/b.ts'],
  ['events/a.ts', '@aws-sdk/client-ssm'],
  ['events/a.ts', '../functions/b.ts'],
  ['ssm-documents/a.ts', '@aws-sdk/client-ssm'],
  ['ssm-documents/builder/a.ts', '../../functions/b.ts'],
  ['ssm-documents/builder/a.ts', '../../lab/b.ts'],
  ['functions/adapters/ssm/a.ts', '../../run-controller/b.ts'],
  ['functions/adapters/ssm/a.ts', '../../runtime/b.ts'],
  ['functions/runtime/a.ts', '../adapters/table/b.ts'],
  ['functions/shared/a.ts', '../scheduler/b.ts'],
  ['functions/shared/a.ts', '../../infra/b.ts'],
  ['functions/scheduler/a.ts', '../run-controller/b.ts'],
  ['functions/scheduler/a.ts', '../../lab/b.ts'],
  ['infra/a.ts', '../lab/b.ts'],
  ['infra/constructs/a.ts', '../../test/b.ts'],
  ['cli/a.ts', '../lab/b.ts'],
  ['cli/a.ts', '../test/b.ts'],
];
const ALLOWED: typeof REFUSED = [
  ...ROOMS.flatMap((room) => [room, ...MAY[room]].map((other) => [`core/${room}/a.ts`, `../${other}/b.ts`] as const)),
  ['core/signals/definitions/a.ts', '../types.ts'],
  ['core/signals/definitions/a.ts', '../../model/b.ts'],
  ['core/api/a.ts', 'zod'],
  ['events/a.ts', '../core/model/b.ts'],
  ['ssm-documents/builder/a.ts', '../../core/model/b.ts'],
  ['functions/adapters/ssm/a.ts', '../../../core/model/b.ts'],
  ['functions/runtime/a.ts', '../../core/model/b.ts'],
  ['functions/shared/a.ts', '../adapters/table/b.ts'],
  ['functions/scheduler/a.ts', '../adapters/table/b.ts'],
  ['infra/a.ts', '../functions/scheduler/b.ts'],
];

const Report = z.object({
  diagnostics: z.array(z.object({ category: z.string(), location: z.object({ path: z.unknown() }) })),
});

/** Lints one file for each import, in a folder with the configuration of the repository; the files that are refused. */
const refusedOf = (folder: string, cases: typeof REFUSED): ReadonlySet<string> => {
  const config = JSON.parse(read('biome.json'));
  writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...config, $schema: undefined, vcs: { enabled: false } }));
  for (const [i, [file, imported]] of cases.entries()) {
    const path = join(folder, file.replace('a.ts', `a${i}.ts`));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `import * as b from '${imported}';\n\nconsole.log(b);\n`);
  }
  const args = ['lint', '--only=style/noRestrictedImports', '--max-diagnostics=none', '--reporter=json', '.'];
  const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/biome'), args, { cwd: folder, encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  const { diagnostics } = Report.parse(JSON.parse(stdout));
  const refused = diagnostics.filter(({ category }) => category === 'lint/style/noRestrictedImports');
  return new Set(
    refused.map(({ location }) => String(JSON.stringify(location.path)).replace(/^.*?([a-z][^"]*\.ts).*$/, '$1')),
  );
};

describe('the linter', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetmend-imports-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('refuses the imports that go against the direction of the layers, and no others', () => {
    const cases = [...REFUSED, ...ALLOWED];
    const refused = refusedOf(folder, cases);
    const verdicts = cases.map(([file, imported], i) => ({
      file,
      imported,
      isRefused: refused.has(file.replace('a.ts', `a${i}.ts`)),
    }));
    expect(verdicts).toEqual(cases.map(([file, imported], i) => ({ file, imported, isRefused: i < REFUSED.length })));
  });
});
