import { buildDocuments, NODE_CHECK } from '../../ssm-documents/builder/build.ts';

/** The keys of the documents that are `node-check`, in the order of their parts. */
export const NODE_CHECK_KEYS: readonly string[] = buildDocuments().flatMap(({ key, remediation }) =>
  remediation === NODE_CHECK ? key : [],
);
