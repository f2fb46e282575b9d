import { describe, expect, it } from 'vitest';
import { GENERATION_NAMES, type GenerationName } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { describeWithRealNodes } from '../../lab/real/suite.ts';
import { isDeep, search } from '../deep.ts';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { nodeForTests, onFullDisk, underFrozenRuntime } from './disturb.ts';
import { runDocument, type Said } from './documents.ts';
import { killedBefore, mustHaveNoRemains, readCount } from './kill.ts';
import { randomFrom, randomInt, shuffled } from './random.ts';

const PATIENCE_MS = (isDeep ? 30 : 5) * 60_000;
/** A document of node-check has a limit of its own, and a runtime that hangs lets every part of it wait. */
const LIMIT_MS = 60_000;
const { seed } = search('a check that is disturbed', 1);
const random = randomFrom(seed);
const KILLS = isDeep ? 20 : 1;
const generations: readonly GenerationName[] = isDeep
  ? GENERATION_NAMES
  : shuffled(random, GENERATION_NAMES).slice(0, 1);
const FINE = ['Healthy', 'Unsupported'];

const outcomesOf = (said: readonly Said[]): string[] => said.map(({ result }) => result.outcome);
const checkAll = (node: RealNode): Promise<Said[]> => Promise.all(NODE_CHECK_KEYS.map((key) => runDocument(node, key)));

await describeWithRealNodes('a check', () => {
  describe.each(generations.map((generation) => ({ generation })))('of a $generation node', ({ generation }) => {
    const scene = nodeForTests(generation, PATIENCE_MS);

    it(
      'that is killed leaves nothing that keeps the next one from its answer',
      async () => {
        const { node } = scene();
        for (const key of NODE_CHECK_KEYS) {
          await runDocument(node, key, killedBefore(key, -1));
          const commands = await readCount(node);
          for (let kill = 0; kill < KILLS; kill += 1) {
            const command = 1 + randomInt(random, commands);
            await node.run(killedBefore(key, command), new AbortController().signal);
            const next = await runDocument(node, key);
            expect(FINE, `${key}, killed before command ${command}: ${next.reply.stdout}`).toContain(
              next.result.outcome,
            );
          }
        }
        // Checks run beside each other, and so only a repair may remove what one has left.
        await runDocument(node, `${generation === 'docker' ? 'cri-dockerd' : 'pause-image'}-repair`);
        await mustHaveNoRemains(node);
      },
      PATIENCE_MS,
    );

    it(
      'that runs twice at once answers twice',
      async () => {
        const { node } = scene();
        const said = (await Promise.all([checkAll(node), checkAll(node)])).flat();
        expect(said.filter(({ result }) => !FINE.includes(result.outcome)).map(({ reply }) => reply.stdout)).toEqual(
          [],
        );
      },
      PATIENCE_MS,
    );

    it(
      'on a full disk answers, and does not fail',
      async () => {
        const { node } = scene();
        await onFullDisk(node, async () => {
          const said = await checkAll(node);
          expect(said.map(({ result }) => result.reason)).not.toContain('ScriptFailed');
        });
        expect(FINE).toEqual(expect.arrayContaining(outcomesOf(await checkAll(node))));
      },
      PATIENCE_MS,
    );

    it(
      'of a runtime that is frozen ends in time, and is not Healthy',
      async () => {
        const { node } = scene();
        await underFrozenRuntime(node, async () => {
          const since = Date.now();
          const said = await checkAll(node);
          expect(Date.now() - since).toBeLessThan(LIMIT_MS);
          expect(outcomesOf(said).filter((outcome) => !FINE.includes(outcome))).not.toEqual([]);
        });
        expect(FINE).toEqual(expect.arrayContaining(outcomesOf(await checkAll(node))));
      },
      PATIENCE_MS,
    );
  });
});
