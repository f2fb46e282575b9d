import { describe, expect, it } from 'vitest';
import { buildDocuments } from '../../ssm-documents/builder/build.ts';
import { sharedPartsOf } from './document-parts.ts';

const joined = (documents: readonly string[], text: string): string => {
  const { texts, of } = sharedPartsOf(documents);
  return of(text)
    .map((part) => ('key' in part ? texts.get(part.key) : part.text))
    .join('');
};

describe('the parts that documents share', () => {
  const documents = buildDocuments().map(({ json }) => json);

  it('make up every document again, byte for byte', () => {
    for (const document of documents) expect(joined(documents, document)).toBe(document);
  });

  it('take less than half of what the documents take', () => {
    const { texts, of } = sharedPartsOf(documents);
    const own = documents.flatMap((text) => of(text).flatMap((part) => ('text' in part ? part.text : [])));
    const bytes = (all: readonly string[]) => all.reduce((sum, text) => sum + text.length, 0);
    expect(bytes([...texts.values(), ...own])).toBeLessThan(bytes(documents) / 2);
  });

  it('are none of a document that has nothing in common with another', () => {
    const alone = `["a","# from lib/x.sh","${'b'.repeat(500)}"]`;
    expect(sharedPartsOf([alone, '["c"]']).texts.size).toBe(0);
    expect(joined([alone, '["c"]'], alone)).toBe(alone);
  });
});
