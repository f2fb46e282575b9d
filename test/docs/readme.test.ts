import { expect, it } from 'vitest';
import { probe } from '../../lab/real/packages.ts';
import { shown, story } from './readme-blocks.ts';
import { runDemo } from './run-demo.ts';

const expectStory = async (command: string, words: readonly string[]): Promise<void> => {
  const { code, output } = await runDemo(words);
  expect(code, output).toBe(0);
  const printed = story(output);
  const wanted = [...story(shown(command))];
  expect(wanted.length).toBeGreaterThan(20);
  expect(wanted.filter((line) => !printed.has(line))).toEqual([]);
};

it('shows what the demo prints, run by an ordinary user', async () => {
  await expectStory('npm run demo', []);
});

const { ok, missing } = await probe();
if (!ok && process.env.CI !== undefined) throw new Error(`the real demo can not run here: ${missing.join('; ')}`);
it.runIf(ok)(
  `shows what the demo prints on real nodes${ok ? '' : ` (not run: real nodes need ${missing.join('; ')})`}`,
  async () => {
    await expectStory('npm run demo -- --real', ['--real']);
  },
);
