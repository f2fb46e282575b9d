import { describe, expect, it } from 'vitest';
import { GENERATION_NAMES } from '../../lab/real/generations.ts';
import { describeWithRealNodes } from '../../lab/real/suite.ts';
import { isDeep, search } from '../deep.ts';
import { mustStart, restoreNode } from './cell.ts';
import { nodeForTests, onFullDisk, underFrozenRuntime } from './disturb.ts';
import { mustSay, runDocument, type Said } from './documents.ts';
import type { Fault } from './fault.ts';
import { mustHaveNoRemains } from './kill.ts';
import { UNIT_SETTLES } from './provider-scenes.ts';
import { randomFrom, shuffled } from './random.ts';
import { readFaults } from './run-matrix.ts';
import { shell } from './scenes.ts';
import { mustBeNoWorse, readVitals } from './vitals.ts';

const PATIENCE_MS = 10 * 60_000;
/** The agent ends a repair after this time. */
const LIMIT_MS = 300_000;
/** The repairs that can be killed are those that change a node; of each remediation, the first one of a sample. */
const faults = (await readFaults()).filter(({ kill }) => kill === true);
const { seed } = search('a repair that is disturbed', 1);
const random = randomFrom(seed);
const scenes = GENERATION_NAMES.map((generation) => {
  const possible = shuffled(
    random,
    faults.filter(({ generations }) => generations.includes(generation)),
  );
  const own = new Map(possible.map((fault) => [fault.remediation, fault]));
  return { generation, own: [...own.values()].map((fault) => ({ fault, name: fault.name })) };
});

const DONE = ['Repaired', 'Healthy'];

it('finds a repair to disturb on every generation', () => {
  expect(scenes.filter(({ own }) => own.length === 0).map(({ generation }) => generation)).toEqual([]);
});

// A minute and more for each generation. The repairs that are killed are in matrix.test.ts; checks in disturbed.test.ts.
if (isDeep)
  await describeWithRealNodes('a repair', () => {
    describe.each(scenes)('of a $generation node', ({ generation, own }) => {
      const scene = nodeForTests(generation, PATIENCE_MS);
      const repair = (fault: Fault): Promise<Said> => runDocument(scene().node, `${fault.remediation}-repair`);
      /** Breaks the node. */
      const broken = async (fault: Fault) => {
        const { fleet, node } = scene();
        await fault.break(node, { fleet });
        return node;
      };
      /** The next repair finishes a disturbed one at the latest, and leaves nothing of it. */
      const mustEndWell = async (fault: Fault): Promise<void> => {
        const { fleet, node } = scene();
        // It is rightly blocked while AL2's unit still pulls, which kubelet has started again.
        await shell(node, UNIT_SETTLES);
        const next = await repair(fault);
        expect(DONE, `${next.reply.stdout} ${next.reply.stderr}`).toContain(next.result.outcome);
        if (fault.sandbox?.startsAfter === true) await mustStart(node, fault, true);
        mustSay(await repair(fault), { outcome: 'Healthy' });
        await mustHaveNoRemains(node);
        await restoreNode(node, fault, { fleet });
      };

      it.each(own)(
        'that runs twice at once repairs once, and the other one waits or says that it is busy: $name',
        async ({ fault }) => {
          await broken(fault);
          const said = await Promise.all([repair(fault), repair(fault)]);
          const outcomes = said.map(({ result }) => result.skipReason ?? result.outcome).toSorted();
          const lines = said.map(({ reply }) => reply.stdout).join('');
          expect(['Busy Repaired', 'Healthy Repaired'], lines).toContain(outcomes.join(' '));
          await mustEndWell(fault);
        },
        PATIENCE_MS,
      );

      it.each(own)(
        'on a full disk says so or repairs, and the next one repairs: $name',
        async ({ fault }) => {
          const node = await broken(fault);
          await onFullDisk(node, async () => {
            const vitals = await readVitals(node);
            const { what, result, reply } = await repair(fault);
            expect(result.reason, reply.stderr).not.toBe('ScriptFailed');
            expect(['Repaired', 'NotRepaired'], reply.stdout).toContain(result.outcome);
            await mustBeNoWorse(what, node, vitals);
          });
          await mustEndWell(fault);
        },
        PATIENCE_MS,
      );

      it.each(own)(
        'under a runtime that is frozen ends in time, and the next one repairs: $name',
        async ({ fault }) => {
          await underFrozenRuntime(await broken(fault), async () => {
            const { result, reply, ms } = await repair(fault);
            expect(ms).toBeLessThan(LIMIT_MS);
            expect(result.outcome, reply.stdout).not.toBe('Healthy');
          });
          await mustEndWell(fault);
        },
        PATIENCE_MS,
      );
    });
  });
