import { createHash } from 'node:crypto';
import type { DeliveredDocument } from '../node.ts';
import { AwsError } from './aws-error.ts';

/** A Command document as SSM stores it. */
export type StoredDocument = {
  readonly name: string;
  readonly arn: string;
  readonly content: DeliveredDocument['content'] & { readonly parameters?: Readonly<Record<string, unknown>> };
  readonly sha256: string;
  /** Seconds that the longest step may run; the agent's default is 3600 (agent source). */
  readonly executionTimeoutSeconds: number;
};

/** The account's documents. */
export type DocumentStore = {
  readonly put: (name: string, arn: string, content: unknown) => void;
  readonly remove: (name: string) => void;
  /** By name or ARN; throws InvalidDocument. */
  readonly get: (nameOrArn: string) => StoredDocument;
  readonly names: () => readonly string[];
};

const AGENT_DEFAULT_TIMEOUT_SECONDS = 3600;
const MAX_DOCUMENT_BYTES = 64 * 1024;
const NAME = /^[a-zA-Z0-9_\-.]{3,128}$/;
const RESERVED = /^(aws|amazon|amzn)/i;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const readContent = (name: string, text: string): StoredDocument['content'] => {
  const refuse = (why: string): never => {
    throw new AwsError('InvalidDocumentContent', `document ${name}: ${why}`);
  };
  const content: unknown = JSON.parse(text);
  if (!isRecord(content) || content.schemaVersion !== '2.2') return refuse('schemaVersion must be 2.2');
  const steps = content.mainSteps;
  if (!Array.isArray(steps) || steps.length === 0) return refuse('mainSteps is empty');
  for (const step of steps as unknown[]) {
    if (!isRecord(step) || typeof step.name !== 'string' || !isRecord(step.inputs))
      return refuse('a step without name or inputs');
    if (step.action !== 'aws:runShellScript') return refuse(`the lab's agent has no plugin ${String(step.action)}`);
    if (!Array.isArray(step.inputs.runCommand)) return refuse('runCommand is no list');
  }
  return content as unknown as StoredDocument['content'];
};

/** Creates an empty store. */
export const createDocumentStore = (): DocumentStore => {
  const documents = new Map<string, StoredDocument>();
  return {
    put: (name, arn, given) => {
      if (!NAME.test(name) || RESERVED.test(name))
        throw new AwsError('InvalidDocument', `the name ${name} is not allowed`);
      const text = typeof given === 'string' ? given : JSON.stringify(given);
      if (Buffer.byteLength(text) > MAX_DOCUMENT_BYTES)
        throw new AwsError('MaxDocumentSizeExceeded', `document ${name} is over 64 KB`);
      const content = readContent(name, text);
      const timeouts = content.mainSteps.map((s) => {
        const seconds = Number(s.inputs.timeoutSeconds ?? AGENT_DEFAULT_TIMEOUT_SECONDS);
        return seconds >= 5 && seconds <= 172_800 ? seconds : AGENT_DEFAULT_TIMEOUT_SECONDS;
      });
      documents.set(name, {
        name,
        arn,
        content,
        sha256: createHash('sha256').update(text).digest('hex'),
        executionTimeoutSeconds: timeouts.reduce((a, b) => a + b, 0),
      });
    },
    get: (nameOrArn) => {
      const found = documents.get(nameOrArn) ?? [...documents.values()].find((d) => d.arn === nameOrArn);
      if (found === undefined) throw new AwsError('InvalidDocument', `Document with name ${nameOrArn} does not exist.`);
      return found;
    },
    remove: (name) => {
      documents.delete(name);
    },
    names: () => [...documents.keys()],
  };
};
