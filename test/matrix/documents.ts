import { type DocumentResult, MAX_RESULT_BYTES, readResult } from '../../core/model/document-result.ts';
import { renderMessage } from '../../core/model/render-message.ts';
import { documentName } from '../../events/ssm-command.ts';
import type { AgentReply, DeliveredDocument } from '../../lab/node.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { texts } from '../../ssm-documents/remediations.ts';
import type { ExpectedResult } from './fault.ts';

const COMMAND_ID = '11111111-2222-4333-8444-555555555555';
const LOG_CHARACTERS = 1500;
let documents: ReadonlyMap<string, DeliveredDocument> | undefined;

/** The document of this key (`pause-image-check`, `node-check-1`) as it is deployed. */
export const documentOf = (key: string): DeliveredDocument => {
  documents ??= new Map(
    buildDocuments().map((built) => [
      built.key,
      {
        commandId: COMMAND_ID,
        documentName: documentName('fleetmend', built.key, built.sha256),
        content: built.content,
      },
    ]),
  );
  const document = documents.get(key);
  if (document === undefined) throw new Error(`running ${key}: no document of that key is built`);
  return document;
};

/** The hashes in the names of the check and the repair of a remediation: cells with other ones are of other documents. */
export const hashesOf = (remediation: string): string =>
  ['check', 'repair']
    .map((action) => documentOf(`${remediation}-${action}`).documentName.replace(/.*-/, ''))
    .join(' and ');

/** What a document said on a node, and how long it took. */
export type Said = {
  readonly what: string;
  readonly result: DocumentResult;
  readonly reply: AgentReply;
  readonly ms: number;
};

/** Runs a document through the agent as SSM would; throws where its result line is none that fleetmend could read. */
export const runDocument = async (node: RealNode, key: string, document = documentOf(key)): Promise<Said> => {
  const since = performance.now();
  const reply = await node.run(document, new AbortController().signal);
  const ms = Math.round(performance.now() - since);
  const reading = readResult(reply.stdout);
  const bytes = Buffer.byteLength(reply.stdout);
  const fail = (problem: string): never => {
    throw new Error(`${key} on ${nameOf(node)}: ${problem}\n${reply.stdout}${reply.stderr.slice(-LOG_CHARACTERS)}`);
  };
  if (!reading.ok) return fail(`${reading.error} (${reply.statusDetails}, ${reply.exitCode})`);
  const most = MAX_RESULT_BYTES[reading.value.action];
  if (bytes > most) fail(`the result line has ${bytes} bytes, more than ${most}`);
  if (reply.stdout.trim().includes('\n')) fail('stdout has more than one line');
  return { what: `${key} on ${nameOf(node)}`, result: reading.value, reply, ms };
};

/** Throws where a result is not as expected, with everything that helps to see why. */
export const mustSay = (said: Said, expected: ExpectedResult): void => {
  const { result, reply } = said;
  const message = renderMessage(texts, result.remediation, result);
  const wrong = [
    ...(['outcome', 'reason', 'skipReason', 'method', 'cause', 'willRecur'] as const)
      .filter((field) => expected[field] !== undefined && expected[field] !== result[field])
      .map((field) => `${field} is ${result[field]}, not ${expected[field]}`),
    ...(expected.message === undefined || expected.message.test(message)
      ? []
      : [`the message does not match ${expected.message}: ${message}`]),
    ...(expected.detail === undefined || expected.detail.test(result.detail ?? '')
      ? []
      : [`the detail does not match ${expected.detail}: ${result.detail}`]),
    ...Object.entries(expected.evidence ?? {})
      .filter(([name, value]) => {
        const given = result.evidence?.[name];
        return value instanceof RegExp ? !value.test(String(given)) : given !== value;
      })
      .map(([name, value]) => `evidence ${name} is ${result.evidence?.[name]}, not ${value}`),
  ];
  if (wrong.length === 0) return;
  throw new Error(`${said.what}: ${wrong.join('; ')}\n${reply.stdout}${reply.stderr.slice(-LOG_CHARACTERS)}`);
};

/** A node, for people. */
export const nameOf = (node: RealNode): string => node.generation ?? node.name;
