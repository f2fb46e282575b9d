import { createHash } from 'node:crypto';

/** The length of the readable part of an id; CloudFormation accepts logical ids of at most 255 characters. */
const READABLE_CHARACTERS = 80;
/** 80 bits of SHA-256. */
const HASH_CHARACTERS = 20;

/**
 * A construct's id that follows from a name of the configuration (a cluster's, a log group's) and from nothing else. It
 * has letters and digits only, because CDK drops the rest from logical ids, and a hash of the name, so that names that
 * differ in punctuation or case only have different ids. It is never an id that CDK or JavaScript treats in a way of its
 * own (`Default`, `Resource`, `constructor`). A changed id replaces the resource: do not change this function.
 */
export const idOfName = (kind: string, name: string): string => {
  const readable = name.replace(/[^A-Za-z0-9]/g, '').slice(0, READABLE_CHARACTERS);
  return `${kind}${readable}${createHash('sha256').update(name).digest('hex').slice(0, HASH_CHARACTERS)}`;
};
