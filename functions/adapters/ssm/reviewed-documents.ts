import { createHash } from 'node:crypto';
import { DescribeDocumentCommand, GetDocumentCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { canonicalJson, parseStrictJson } from '../../../core/model/strict-json.ts';
import { unreadOf } from '../unread.ts';

/** What SSM has under the name of a document. */
export type DocumentReading =
  /** Its first version is what was built; `hash` is what SSM reports for that version. */
  | { readonly kind: 'built'; readonly hash: string }
  /** It is not what was built: nobody may run it. */
  | { readonly kind: 'other'; readonly why: string }
  /** SSM did not answer (`retry`), has no such document (yet), or does not let the role read it (`refused`). */
  | { readonly kind: 'retry' | 'missing' | 'refused'; readonly problem: string };

/** The documents at SSM, compared with what was built. */
export type ReviewedDocuments = {
  /** Reads a document once in this execution environment; what does not fit is read again each time. */
  readonly read: (name: string) => Promise<DocumentReading>;
  /** Makes the next reading ask SSM again. */
  readonly forget: (name: string) => void;
};

/** CloudFormation makes a document with its first version, and a name stands for one content: it never has another. */
export const REVIEWED_VERSION = '1';

/** The sha256 of a JSON value, whatever the order of its keys. */
export const contentSha256 = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex');

/**
 * Compares documents with what was built, as parsed JSON: SSM may indent its answer in another way. The hash that SSM reports binds
 * SendCommand to what was compared.
 */
export const createReviewedDocuments = ({
  client,
  built,
}: {
  readonly client: Pick<SSMClient, 'send'>;
  /** The sha256 of each built document's content, by name. */
  readonly built: ReadonlyMap<string, string>;
}): ReviewedDocuments => {
  const known = new Map<string, Promise<DocumentReading>>();

  /** Why a version is not what was built; undefined where it is. */
  const differenceIn = async (name: string, version: string, sha256: string): Promise<string | undefined> => {
    const { Content = '' } = await client.send(
      new GetDocumentCommand({ Name: name, DocumentVersion: version, DocumentFormat: 'JSON' }),
    );
    const content = parseStrictJson(Content);
    if (!content.ok) return `its content in version ${version} cannot be compared: ${content.error}`;
    return contentSha256(content.value) === sha256
      ? undefined
      : `its content in version ${version} is not what was built`;
  };

  const read = async (name: string): Promise<DocumentReading> => {
    const sha256 = built.get(name);
    const other = (why: string): DocumentReading => ({
      kind: 'other',
      why: `the document ${name} at SSM is refused: ${why}; find out who changed it, then make it again from the build`,
    });
    if (sha256 === undefined) return other('this version of fleetmend did not build it');
    try {
      const { Document } = await client.send(
        new DescribeDocumentCommand({ Name: name, DocumentVersion: REVIEWED_VERSION }),
      );
      const { Hash, HashType, Status = 'Active', DefaultVersion = REVIEWED_VERSION } = Document ?? {};
      if (Status === 'Creating' || Status === 'Updating') {
        return { kind: 'retry', problem: `DescribeDocument ${name}: it is ${Status}` };
      }
      if (Hash === undefined || HashType !== 'Sha256') return other(`SSM reports no Sha256 for it but ${HashType}`);
      const difference = await differenceIn(name, REVIEWED_VERSION, sha256);
      if (difference !== undefined) return other(difference);
      // fleetmend runs the first version; another default means that somebody has written to the document.
      const isDefault = DefaultVersion === REVIEWED_VERSION;
      const inDefault = isDefault ? undefined : await differenceIn(name, DefaultVersion, sha256);
      return inDefault === undefined ? { kind: 'built', hash: Hash } : other(`${inDefault}, and is the default`);
    } catch (thrown) {
      if (thrown instanceof Error && thrown.name === 'InvalidDocumentVersion')
        return other('its first version is gone');
      const unread = unreadOf(`reading the document ${name}`, thrown);
      const isMissing = thrown instanceof Error && thrown.name === 'InvalidDocument';
      return isMissing ? { kind: 'missing', problem: unread.problem } : unread;
    }
  };

  return {
    read: async (name) => {
      const reading = known.get(name) ?? read(name);
      known.set(name, reading);
      const { kind } = await reading;
      if (kind !== 'built' && known.get(name) === reading) known.delete(name);
      return await reading;
    },
    forget: (name) => {
      known.delete(name);
    },
  };
};
