import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { read, root } from '../support/repository.ts';
import { sampleOf } from '../support/sample.ts';

const run = (...words: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8', input: '' });
  return { status, stdout, stderr };
};

describe('the words after an npm script', () => {
  const scripts: readonly (readonly string[])[] = [
    ['npm test', 'test/run.mjs'],
    ['npm run demo', 'lab/start.mjs', 'demo'],
    ['npm run lab', 'lab/start.mjs', 'lab'],
    ['npm run bench', 'lab/start.mjs', 'bench'],
    ['npm run synth', 'infra/app.ts'],
    ['npm run build', 'infra/build.ts'],
    ['npm run -s classify', 'cli/classify.ts'],
  ];
  it.each(sampleOf('scripts with words', scripts, 3))(
    '%s: --help shows the usage, and a wrong word is answered by a line and the usage, before any work',
    (...words) => {
      const [script = '', ...program] = words;
      const help = run(...program, '--help');
      expect(help).toMatchObject({ status: 0, stderr: '' });
      expect(help.stdout.startsWith(`usage: ${script} `) || help.stdout.startsWith(`usage: ${script}\n`)).toBe(true);
      expect(run(...program, '--nonsense')).toEqual({
        status: 2,
        stdout: '',
        stderr: `Unknown option '--nonsense'\n${help.stdout}`,
      });
    },
  );

  it.each([
    [['test/run.mjs', 'labb'], 'npm test has no suite labb'],
    [['test/run.mjs', 'mutation'], 'npm test has no suite mutation'],
    [['lab/start.mjs', 'bench', '--nodes', '1e3'], '--nodes must be a whole number from 1 on, not "1e3"'],
    [['lab/start.mjs', 'lab', 'x'], "Unexpected argument 'x'. This command does not take positional arguments"],
  ])('%j: %s', (words, line) => {
    const { status, stderr } = run(...words);
    expect({ status, line: stderr.split('\n')[0] }).toEqual({ status: 2, line });
  });

  it('are read by infra/words.mjs, except where another program, and no person, writes them', () => {
    const others = ['infra/words.mjs', 'infra/options.ts', 'test/machine/prepare.ts', 'test/contract/words.test.ts'];
    const readers = ['infra', 'lab', 'cli', 'test', 'events', 'ssm-documents', 'functions', 'core'].flatMap((folder) =>
      globSync(`${folder}/**/*.{ts,mjs}`, { cwd: root }).filter((file) => read(file).includes('parseArgs(')),
    );
    expect(readers.toSorted()).toEqual(others.toSorted());
  });
});
