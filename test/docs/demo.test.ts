import { expect, it } from 'vitest';
import { probe } from '../../lab/real/packages.ts';
import { runDemo } from './run-demo.ts';
import { DEMOS, story, transcript } from './transcripts.ts';

const expectTranscript = async ({ command, options }: (typeof DEMOS)[number]): Promise<void> => {
  const { code, output } = await runDemo(options);
  expect(code, output).toBe(0);
  const printed = story(output);
  const wanted = [...story(transcript(command))];
  expect(wanted.length).toBeGreaterThan(20);
  expect(wanted.filter((line) => !printed.has(line))).toEqual([]);
};

it('docs/demo.md shows the output of the demo, run by an ordinary user', async () => {
  await expectTranscript(DEMOS[0]);
});

const { ok, missing } = await probe();
if (!ok && process.env.CI !== undefined) throw new Error(`the demo on real nodes cannot run: ${missing.join('; ')}`);
it.runIf(ok)(
  `docs/demo.md shows the output of the demo on real nodes${ok ? '' : ` (not run: real nodes need ${missing.join('; ')})`}`,
  async () => {
    await expectTranscript(DEMOS[1]);
  },
);
