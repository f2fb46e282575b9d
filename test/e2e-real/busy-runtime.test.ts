import { afterEach, expect, it } from 'vitest';
import { DocumentResult } from '../../core/model/document-result.ts';
import { type RealFleet, startRealFleet } from '../../lab/real/fleet.ts';
import type { GenerationName } from '../../lab/real/generations.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { describeWithRealNodes } from '../../lab/real/suite.ts';
import { built } from '../bench/node-ways.ts';
import { isDeep } from '../deep.ts';

const PATIENCE_MS = 5 * 60_000;
/** containerd takes some milliseconds for the event of each, and for what it then writes itself. */
const NAMES = isDeep ? 1_500 : 500;
const BUSY = 'registry.example/busy';

/** Gives containerd's CRI plugin so many events to handle that the next one waits for seconds. */
const keepBusy = async (node: RealNode): Promise<void> => {
  const namespace = 'ctr --namespace k8s.io';
  const script = `${namespace} images tag ${BUSY}:0 $(seq -f ${BUSY}:%g ${NAMES}) > /dev/null`;
  const { code, stderr } = await node.exec(['sh', '-euc', script]);
  if (code !== 0) throw new Error(`keeping containerd of ${node.name} busy: ${stderr}`);
};

/** Puts another image in the place of the sandbox image, as a pull from a pod that listens on localhost does. */
const replaceImage = async (node: RealNode): Promise<void> => {
  await node.importImage(node.lookAlikeImage, 'localhost/kubernetes/pause:latest');
};

await describeWithRealNodes('a repair while the runtime is busy with the events of other images', () => {
  let fleet: RealFleet | undefined;
  afterEach(async () => {
    await fleet?.stop();
  }, PATIENCE_MS);

  const cases: readonly {
    readonly generation: GenerationName;
    readonly fault: string;
    readonly damage: (node: RealNode) => Promise<void>;
    readonly method: string;
  }[] = [
    { generation: 'al2-1.6', fault: 'removed', damage: (node) => node.breakNode('missing'), method: 'ecr' },
    { generation: 'al2-1.7', fault: 'removed', damage: (node) => node.breakNode('missing'), method: 'ecr' },
    { generation: 'al2023-1.7', fault: 'replaced', damage: replaceImage, method: 'import' },
    { generation: 'al2023-2', fault: 'replaced', damage: replaceImage, method: 'import' },
  ];
  const repairs = async ({ generation, damage, method }: (typeof cases)[number]): Promise<void> => {
    fleet = await startRealFleet({ nodes: [{ generation }] });
    const [node] = fleet.nodes;
    if (node === undefined) throw new Error('starting the fleet: it has no node');
    await damage(node);
    await node.importImage(node.lookAlikeImage, `${BUSY}:0`);
    await keepBusy(node);
    const reply = await node.run(built('pause-image-repair'), new AbortController().signal);
    expect(DocumentResult.parse(JSON.parse(reply.stdout)), reply.stderr).toMatchObject({ outcome: 'Repaired', method });
    const pod = await node.runPodSandbox();
    expect(pod).toMatchObject({ ok: true });
    const started = await node.ctr(['containers', 'info', pod.ok ? pod.id : '']);
    expect(started.stdout).not.toContain(BUSY);
  };
  // Each takes half a minute, most of it for the events.
  it.each(isDeep ? cases : cases.slice(-1))(
    'ends when pods start from the image that it restored: $fault on $generation',
    repairs,
    PATIENCE_MS,
  );
});
