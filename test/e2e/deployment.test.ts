import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedFault } from '../../lab/sim/result.ts';
import { labConfig, synthLab } from '../../lab/synth.ts';
import { type BuiltDocument, buildDocuments } from '../../ssm-documents/builder/build.ts';
import { withOtherContents } from './other-contents.ts';
import { openScene, type Scene } from './support.ts';

const hashesOf = (documents: readonly BuiltDocument[]) => documents.map(({ sha256 }) => sha256.slice(0, 12));

const fault = (): SimulatedFault => ({
  remediation: 'pause-image',
  reason: 'SandboxImageMissing',
  repair: { kind: 'repairs' },
});

describe('a deployment during a run', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene(synthLab());
  });
  afterAll(() => scene.lab.stop());

  it('keeps the table and sends the new documents; a rollback sends the old ones again', async () => {
    const nodes = scene.addNodes('demo', 4, {
      faultOf: fault,
    });
    const sent: string[] = [];
    scene.lab.onEvent((event) => {
      if (event.kind === 'command-sent') sent.push(event.documentName);
    });
    await scene.logFault(...nodes);
    await expect.poll(() => sent.length, { timeout: 60_000 }).toBeGreaterThan(0);
    const next = withOtherContents(buildDocuments());
    const itemsBefore = (await scene.items()).length;
    await scene.lab.deploy({ assembly: synthLab(labConfig(), next).assembly });
    expect((await scene.items()).length).toBeGreaterThanOrEqual(itemsBefore);
    await scene.lab.advance(30 * 60_000);
    /** The hashes in the names of the documents that a new fault leads to. */
    const sentForNewFault = async (): Promise<readonly string[]> => {
      sent.length = 0;
      await scene.logFault(...scene.addNodes('demo', 1, { faultOf: fault }));
      await scene.lab.advance(10 * 60_000);
      expect(sent.length).toBeGreaterThan(0);
      return sent.map((name) => name.slice(-12));
    };
    expect(hashesOf(next)).toEqual(expect.arrayContaining([...(await sentForNewFault())]));
    await scene.lab.deploy();
    expect(hashesOf(buildDocuments())).toEqual(expect.arrayContaining([...(await sentForNewFault())]));
  });
});
