import { DeleteDocumentCommand, paginateListDocuments, type SSMClient } from '@aws-sdk/client-ssm';
import { documentFamily, documentName } from '../../events/ssm-command.ts';
import { EXIT, firstLine, UserError } from '../user-error.ts';

/** Source: Systems Manager endpoints and quotas, documents per account and Region. */
export const MAX_DOCUMENTS = 500;

/** The minimum age, in days, of a document of an earlier deployment before it is deleted. */
export const KEEP_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;
const NO_HASH = '0'.repeat(64);

/** The documents of a stack that are not in use, and how many documents the account has. */
export type OldDocuments = {
  /** Older than {@link KEEP_DAYS}; the oldest first. */
  readonly removable: readonly string[];
  /** Younger ones. */
  readonly kept: number;
  /** All documents of the account in the Region. */
  readonly total: number;
};

const failed = (what: string, action: string) => (thrown: unknown) => {
  const name = thrown instanceof Error ? thrown.name : 'Error';
  throw new UserError(`${what} failed: ${name}: ${firstLine(thrown)}; allow ssm:${action}`, EXIT.aws, thrown);
};

/** The documents to find. */
export type OldDocumentsQuery = {
  readonly stackName: string;
  /** The documents' keys, for example `pause-image-check`. */
  readonly keys: readonly string[];
  /** Names of documents that are in use: of this deployment, of the one before, and those that the configuration keeps. */
  readonly inUse: readonly string[];
  readonly now: Date;
};

/**
 * Lists the documents of earlier deployments of a stack. CloudFormation retains them, so that running commands
 * keep their content.
 */
export const listOldDocuments = async (
  client: SSMClient,
  { stackName, keys, inUse, now }: OldDocumentsQuery,
): Promise<OldDocuments> => {
  // By the keys, since another stack's name may begin with this one's; and by family, since an earlier deployment may have
  // had a check in fewer or more parts.
  const families = new Set(keys.map((key) => documentFamily(documentName(stackName, key, NO_HASH))));
  const isOwn = (name: string): boolean => /-[0-9a-f]{12}$/.test(name) && families.has(documentFamily(name));
  const old: { readonly name: string; readonly createdMs: number }[] = [];
  let total = 0;
  try {
    const pages = paginateListDocuments({ client }, { Filters: [{ Key: 'Owner', Values: ['Self'] }] });
    for await (const { DocumentIdentifiers = [] } of pages) {
      total += DocumentIdentifiers.length;
      for (const { Name, CreatedDate, Tags = [] } of DocumentIdentifiers) {
        const isOurs =
          Name !== undefined &&
          isOwn(Name) &&
          Tags.some(({ Key, Value }) => Key === 'application' && Value === 'fleetmend');
        if (isOurs && !inUse.includes(Name))
          old.push({ name: Name, createdMs: CreatedDate?.getTime() ?? now.getTime() });
      }
    }
  } catch (thrown) {
    failed('listing the SSM documents', 'ListDocuments')(thrown);
  }
  const removable = old
    .filter(({ createdMs }) => now.getTime() - createdMs > KEEP_DAYS * DAY_MS)
    .toSorted((a, b) => a.createdMs - b.createdMs)
    .map(({ name }) => name);
  return { removable, kept: old.length - removable.length, total };
};

/** Deletes documents one by one; a missing one counts as deleted. */
export const deleteDocuments = async (
  client: SSMClient,
  names: readonly string[],
  onDeleted: (name: string) => void,
): Promise<void> => {
  for (const name of names) {
    try {
      await client.send(new DeleteDocumentCommand({ Name: name }));
    } catch (thrown) {
      if (!(thrown instanceof Error && thrown.name === 'InvalidDocument')) {
        failed(`deleting the SSM document ${name}`, 'DeleteDocument')(thrown);
      }
    }
    onDeleted(name);
  }
};
