import type { DocumentReading, ReviewedDocuments } from '../../functions/adapters/ssm/reviewed-documents.ts';

/** The hash that SSM reports for every document. */
export const DOCUMENT_HASH = 'c'.repeat(64);

/** SSM has every document as it was built. */
export const BUILT: ReviewedDocuments = {
  read: async () => ({ kind: 'built', hash: DOCUMENT_HASH }),
  forget: () => {},
};

/** Documents at SSM, of which those in `odd` are not as they were built. */
export const documentsAtSsm = () => {
  const odd = new Map<string, DocumentReading>();
  const documents: ReviewedDocuments = {
    ...BUILT,
    read: async (name) => odd.get(name) ?? (await BUILT.read(name)),
  };
  return { odd, documents };
};
