import type { ReviewedDocuments } from '../../functions/adapters/ssm/reviewed-documents.ts';

/** The hash that SSM reports for every document. */
export const DOCUMENT_HASH = 'c'.repeat(64);

/** SSM has every document as it was built. */
export const BUILT: ReviewedDocuments = {
  read: async () => ({ kind: 'built', hash: DOCUMENT_HASH }),
  forget: () => {},
};
