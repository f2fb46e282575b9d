import { createHash } from 'node:crypto';
import type { DeliveredDocument } from '../node.ts';
import { AwsError } from './aws-error.ts';

/** One version of a Command document as SSM stores it. */
export type StoredDocument = {
  readonly name: string;
  readonly arn: string;
  readonly version: string;
  /** As it was given. */
  readonly text: string;
  readonly content: DeliveredDocument['content'] & { readonly parameters?: Readonly<Record<string, unknown>> };
  readonly sha256: string;
  /** Seconds that the longest step may run; the agent's default is 3600 (agent source). */
  readonly executionTimeoutSeconds: number;
};

/** The account's documents. */
export type DocumentStore = {
  /** Makes a document for a stack. One that exists is taken over as it is, as `cdk deploy --import-existing-resources` does. */
  readonly put: (name: string, arn: string, content: unknown) => void;
  /** Makes a document; throws DocumentAlreadyExists. */
  readonly create: (name: string, arn: string, text: string) => StoredDocument;
  /** Adds a version; throws DuplicateDocumentContent where a version has this text. */
  readonly update: (name: string, text: string) => StoredDocument;
  readonly setDefault: (name: string, version: string) => void;
  readonly remove: (name: string) => void;
  /** By name or ARN, a version or the default one; throws InvalidDocument and InvalidDocumentVersion. */
  readonly get: (nameOrArn: string, version?: string) => StoredDocument;
  readonly defaultVersion: (name: string) => string;
  readonly latestVersion: (name: string) => string;
};

type Stored = { readonly versions: readonly StoredDocument[]; readonly byDefault: string };

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

const versionOf = (name: string, arn: string, version: string, text: string): StoredDocument => {
  if (!NAME.test(name) || RESERVED.test(name)) throw new AwsError('InvalidDocument', `the name ${name} is not allowed`);
  if (Buffer.byteLength(text) > MAX_DOCUMENT_BYTES)
    throw new AwsError('MaxDocumentSizeExceeded', `document ${name} is over 64 KB`);
  const content = readContent(name, text);
  const timeouts = content.mainSteps.map((s) => {
    const seconds = Number(s.inputs.timeoutSeconds ?? AGENT_DEFAULT_TIMEOUT_SECONDS);
    return seconds >= 5 && seconds <= 172_800 ? seconds : AGENT_DEFAULT_TIMEOUT_SECONDS;
  });
  return {
    name,
    arn,
    version,
    text,
    content,
    sha256: createHash('sha256').update(text).digest('hex'),
    executionTimeoutSeconds: timeouts.reduce((a, b) => a + b, 0),
  };
};

/** Creates an empty store. */
export const createDocumentStore = (): DocumentStore => {
  const documents = new Map<string, Stored>();
  const stored = (nameOrArn: string): Stored => {
    const found =
      documents.get(nameOrArn) ?? [...documents.values()].find(({ versions }) => versions[0]?.arn === nameOrArn);
    if (found === undefined) throw new AwsError('InvalidDocument', `Document with name ${nameOrArn} does not exist.`);
    return found;
  };
  const latest = (nameOrArn: string): string => String(stored(nameOrArn).versions.length);
  const get: DocumentStore['get'] = (nameOrArn, version = '$DEFAULT') => {
    const { versions, byDefault } = stored(nameOrArn);
    const wanted = version === '$DEFAULT' ? byDefault : version === '$LATEST' ? latest(nameOrArn) : version;
    const found = versions.find((candidate) => candidate.version === wanted);
    if (found === undefined) throw new AwsError('InvalidDocumentVersion', `version ${version} does not exist`);
    return found;
  };
  const create: DocumentStore['create'] = (name, arn, text) => {
    if (documents.has(name)) throw new AwsError('DocumentAlreadyExists', `document ${name} exists`);
    const first = versionOf(name, arn, '1', text);
    documents.set(name, { versions: [first], byDefault: '1' });
    return first;
  };
  return {
    get,
    create,
    put: (name, arn, given) => {
      if (!documents.has(name)) create(name, arn, typeof given === 'string' ? given : JSON.stringify(given));
    },
    update: (name, text) => {
      const { versions, byDefault } = stored(name);
      const next = versionOf(name, get(name).arn, String(versions.length + 1), text);
      if (versions.some(({ sha256 }) => sha256 === next.sha256))
        throw new AwsError('DuplicateDocumentContent', `a version of document ${name} has this content`);
      documents.set(name, { versions: [...versions, next], byDefault });
      return next;
    },
    setDefault: (name, version) => {
      documents.set(name, { ...stored(name), byDefault: get(name, version).version });
    },
    remove: (name) => {
      documents.delete(name);
    },
    defaultVersion: (name) => stored(name).byDefault,
    latestVersion: latest,
  };
};
