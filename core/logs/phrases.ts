/**
 * Whether a text can show a fault, by the phrases of the subscription filters: without one of them no rule finds a fault in a
 * record. Compared letter by letter with the message as it was shipped, so that nothing is cleaned for it.
 */
export type PhraseLook = (text: string) => boolean;

/** Makes a look for any of some phrases. A phrase that contains another one is left out: the other covers it. */
export const createPhraseLook = (phrases: readonly string[]): PhraseLook => {
  const shortest = phrases.filter((phrase) => !phrases.some((other) => other !== phrase && phrase.includes(other)));
  const looked = [...new Set(shortest)];
  return (text) => looked.some((phrase) => text.includes(phrase));
};
