import { createHash } from 'node:crypto';

/** CloudFormation user guide, quotas: attributes of a mapping. */
const MAX_PARTS = 200;
/** A part with fewer bytes takes about as much as a reference to it. */
const LEAST_BYTES = 150;
/** Before the line with which the builder begins the lines of a file (ssm-documents/builder/script.ts, SOURCE_MARK). */
const BOUNDARY = /(?="# from [a-z])/;

/** Texts of several documents, each cut into its parts; those that more than one of them has are stored once. */
export type SharedParts = {
  /** By key, which follows from the text. */
  readonly texts: ReadonlyMap<string, string>;
  /** The parts of a text in their order: the key of a shared part, or the text of one that is not shared. */
  readonly of: (text: string) => readonly ({ readonly key: string } | { readonly text: string })[];
};

const keyOf = (text: string): string => `P${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;

/** The parts of documents that several of them share: the files of lib/ make up most of each document. */
export const sharedPartsOf = (documents: readonly string[]): SharedParts => {
  const counts = new Map<string, number>();
  for (const part of documents.flatMap((text) => text.split(BOUNDARY))) counts.set(part, (counts.get(part) ?? 0) + 1);
  const saved = (part: string): number => part.length * ((counts.get(part) ?? 0) - 1);
  const shared = [...counts.keys()]
    .filter((part) => saved(part) > 0 && part.length >= LEAST_BYTES)
    .toSorted((a, b) => saved(b) - saved(a))
    .slice(0, MAX_PARTS);
  const texts = new Map(shared.map((text) => [keyOf(text), text]));
  return {
    texts,
    of: (text) =>
      text.split(BOUNDARY).map((part) => (texts.get(keyOf(part)) === part ? { key: keyOf(part) } : { text: part })),
  };
};
