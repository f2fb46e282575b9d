/** Boots one node, breaks it, runs a document on it, and shows what happened: `node try.ts <break-kind> [document.json]`. */
import { readFileSync } from 'node:fs';
import { readWords, stopForWords } from '../../infra/words.mjs';
import type { DeliveredDocument } from '../node.ts';
import { BREAK_KINDS, type BreakKind } from './breaks.ts';
import type { SandboxResult } from './cri.ts';
import { startRealFleet } from './fleet.ts';
import { GENERATION_NAMES, isGenerationName } from './generations.ts';

const USAGE = `usage: node lab/real/try.ts <healthy|${BREAK_KINDS.join('|')}> [document.json ...]
  --generation ${GENERATION_NAMES.join('|')}   what the node is; its tools and unit are then the generation's
  --role allowed|denied|absent   what the node's role may do
  --no-aws --provider --ecr-login   what asks for the token: AWS CLI (default), credential provider, docker helper
  --unit                         with the AL2 AMI's sandbox-image unit
  --trace FILE                   write every execve to files that start with FILE
  --exec COMMAND                 run a shell command on the node at the end
  --times N                      run the documents N times`;

const { values, positionals } = readWords(
  USAGE,
  {
    generation: { type: 'string' },
    role: { type: 'string', default: 'allowed' },
    'no-aws': { type: 'boolean', default: false },
    provider: { type: 'boolean', default: false },
    'ecr-login': { type: 'boolean', default: false },
    unit: { type: 'boolean', default: false },
    trace: { type: 'string' },
    exec: { type: 'string' },
    times: { type: 'string', default: '1' },
  },
  { allowPositionals: true },
);
const [kind = '', ...documentPaths] = positionals;
const { generation } = values;
if ((kind !== 'healthy' && !isBreakKind(kind)) || (generation !== undefined && !isGenerationName(generation))) {
  stopForWords('name how the node breaks, and one of the generations or none', USAGE);
}

const started = performance.now();
const say = (text: string) => console.log(`[${((performance.now() - started) / 1000).toFixed(2)} s] ${text}`);
const fleet = await startRealFleet({
  nodes: [
    generation === undefined
      ? {
          style: kind === 'al2023-missing' ? 'al2023' : 'al2',
          sandboxImageUnit: values.unit,
          tools: { awsCli: !values['no-aws'], credentialProvider: values.provider, ecrLogin: values['ecr-login'] },
        }
      : { generation },
  ],
});
try {
  const [node] = fleet.nodes;
  if (node === undefined) throw new Error('starting a fleet of one: it has no node');
  say(`booted ${node.instanceId} (${node.style}, ${node.sandboxImage}) ${node.runtimeVersions ?? ''}`);
  show('sandbox when healthy', await node.runPodSandbox());
  await node.removeSandboxes();
  if (isBreakKind(kind)) {
    await node.breakNode(kind);
    say(`broken: ${kind}`);
  }
  if (values.role === 'denied' || values.role === 'absent') await node.setRole(values.role);
  show('sandbox before', await node.runPodSandbox());
  await node.removeSandboxes();
  const trace = values.trace === undefined ? undefined : await node.trace(values.trace);
  for (let time = 0; time < Number(values.times); time += 1) {
    for (const path of documentPaths) {
      const document: DeliveredDocument = {
        commandId: '11111111-2222-3333-4444-555555555555',
        documentName: path,
        content: JSON.parse(readFileSync(path, 'utf8')),
      };
      const since = performance.now();
      const reply = await node.run(document, new AbortController().signal);
      say(`${path}: ${reply.statusDetails}, exit code ${reply.exitCode}, ${Math.round(performance.now() - since)} ms`);
      console.log(`--- stdout\n${reply.stdout}--- stderr\n${reply.stderr}---`);
    }
  }
  await trace?.stop();
  show('sandbox after', await node.runPodSandbox());
  for (const image of await node.images()) console.log(image.name, image.digest, JSON.stringify(image.labels));
  for (const call of (await fleet.calls()).filter(({ service }) => service !== 'imds')) {
    console.log(call.service, call.status, call.host, call.operation);
  }
  if (values.exec !== undefined) {
    const result = await node.exec(['sh', '-c', values.exec]);
    console.log(`--- ${values.exec}: exit code ${result.code}\n${result.stdout}${result.stderr}---`);
  }
} finally {
  await fleet.stop();
  say('torn down');
}

function show(what: string, result: SandboxResult): void {
  say(`${what}: ${result.ok ? 'it starts' : result.error}`);
}

function isBreakKind(text: string): text is BreakKind {
  return (BREAK_KINDS as readonly string[]).includes(text);
}
