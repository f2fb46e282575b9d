import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { catalogue } from '../remediations.ts';
import { titleOf } from './titles.ts';

const reasons = [...catalogue().values()];

it('gives the title of each reason, and the name of any other', () => {
  const names = [...reasons.map(({ name }) => name), 'Lock', 'NoSuchReason', '*', ''];
  const script = `set -o errexit -o nounset\n${titleOf(reasons)}\nfor name in "$@"; do title_of "$name"; printf '%s\\n' "$REPLY"; done`;
  const shown = execFileSync('bash', ['-c', script, 'bash', ...names], { encoding: 'utf8' });
  expect(shown.split('\n').slice(0, -1)).toEqual([...reasons.map(({ title }) => title), ...names.slice(-4)]);
});

it('refuses a title that a shell could read as more than text', () => {
  const [reason] = reasons;
  if (reason === undefined) throw new Error('the catalogue is empty');
  for (const title of ['costs $(id)', 'a "quoted" word', 'a `command`', 'x'.repeat(81), 'ü'])
    expect(() => titleOf([{ ...reason, title }]), title).toThrow(/the title of /);
});
