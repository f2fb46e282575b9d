import { createHash } from 'node:crypto';
import { type BuiltDocument, buildDocuments, NODE_CHECK } from '../../ssm-documents/builder/build.ts';

/** The lines of a part that a simulated node reads: see `readPart` in lab/sim. */
const CHECKS = /NODE_CHECKS=\([a-z0-9 -]*\)/g;
const PART = /PART=[0-9]+ PARTS=[0-9]+/g;

/**
 * The built documents with `node-check` in so many parts, however many the builder needs: each part has some of the checks.
 * For simulated nodes alone, which read those lines and run nothing.
 */
export const withCheckParts = (parts: number): readonly BuiltDocument[] => {
  const documents = buildDocuments();
  const checks = documents.filter(({ remediation }) => remediation === NODE_CHECK);
  const [first] = checks;
  if (first === undefined) throw new Error('dividing node-check: it was not built');
  const names = checks.flatMap((document) => document.checks);
  const others = documents.filter((document) => !checks.includes(document));
  const divided = Array.from({ length: parts }, (_, i): BuiltDocument => {
    const own = names.filter((_name, at) => at % parts === i);
    const json = first.json
      .replaceAll(CHECKS, `NODE_CHECKS=(${own.join(' ')})`)
      .replaceAll(PART, `PART=${i + 1} PARTS=${parts}`);
    return {
      ...first,
      key: `${NODE_CHECK}-${i + 1}`,
      checks: own,
      json,
      content: JSON.parse(json),
      sha256: createHash('sha256').update(json).digest('hex'),
    };
  });
  return [...others, ...divided];
};
