/** A value that a message can show, from the evidence of a result line. */
export type Fact = string | number | boolean;

/** Facts by name. */
export type Facts = Readonly<Record<string, Fact | undefined>>;

/**
 * A sentence with placeholders such as `{image}`. It is shown only where every fact that it names has a value and, in the
 * second form, every fact in `when` has that value (or one of those values).
 */
export type Sentence =
  | string
  | { readonly when: Readonly<Record<string, Fact | readonly Fact[]>>; readonly text: string };

/** Sentences in their order. A nested list is a choice: only its first sentence that can be shown is shown. */
export type Message = readonly (Sentence | readonly Sentence[])[];

/** Fields of a result line that every message can name, besides the evidence. */
export const RESULT_FACTS = ['action', 'outcome', 'cause', 'method', 'image', 'willRecur', 'detail'] as const;

/** The largest message, in bytes of UTF-8. */
export const MAX_MESSAGE_BYTES = 600;
/** The most that one fact contributes to a message, in characters. */
export const MAX_FACT_CHARACTERS = 300;

type PlaceholdersOf<T> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | PlaceholdersOf<Rest> : never;
type FactsOfSentence<S> = S extends string
  ? PlaceholdersOf<S>
  : S extends { readonly when: infer W; readonly text: infer T }
    ? (keyof W & string) | PlaceholdersOf<T>
    : S extends readonly (infer Option)[]
      ? FactsOfSentence<Option>
      : never;

/** Every fact that a message names, as a type. */
export type FactsOf<M> = M extends readonly (infer S)[] ? FactsOfSentence<S> : never;

const PLACEHOLDER = /\{([A-Za-z][A-Za-z0-9]*)\}/g;

/** Every fact that a message names: in a placeholder or in a condition. */
export const factsOf = (message: Message): ReadonlySet<string> =>
  new Set(
    message
      .flatMap((part): readonly Sentence[] => (Array.isArray(part) ? part : [part as Sentence]))
      .flatMap((sentence) => {
        const [text, when] = typeof sentence === 'string' ? [sentence, {}] : [sentence.text, sentence.when];
        return [
          ...Object.keys(when),
          ...Array.from(text.matchAll(PLACEHOLDER), ([placeholder]) => placeholder.slice(1, -1)),
        ];
      }),
  );

/** A fact as it is shown: on one line, and without a full stop of its own, since the sentence has one. */
const shown = (facts: Facts, name: string): string => {
  const value = Object.hasOwn(facts, name) ? facts[name] : undefined;
  if (value === undefined) return '';
  const text = String(value)
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .replace(/[. ]+$/, '');
  return text.length > MAX_FACT_CHARACTERS ? `${text.slice(0, MAX_FACT_CHARACTERS - 3).toWellFormed()}...` : text;
};

const holds = (facts: Facts, name: string, wanted: Fact | readonly Fact[]): boolean => {
  const value = Object.hasOwn(facts, name) ? facts[name] : undefined;
  return value !== undefined && [wanted].flat().includes(value);
};

const sentenceOf = (sentence: Sentence, facts: Facts): string | undefined => {
  const { when, text } = typeof sentence === 'string' ? { when: {}, text: sentence } : sentence;
  if (!Object.entries(when).every(([name, wanted]) => holds(facts, name, wanted))) return undefined;
  let isComplete = true;
  // One pass: a placeholder in a value is text like any other.
  const full = text.replace(PLACEHOLDER, (_, name: string) => {
    const value = shown(facts, name);
    isComplete &&= value !== '';
    return value;
  });
  return isComplete ? full : undefined;
};

const firstOf = (sentences: readonly Sentence[], facts: Facts): string | undefined => {
  for (const sentence of sentences) {
    const text = sentenceOf(sentence, facts);
    if (text !== undefined) return text;
  }
  return undefined;
};

/** A text cut to a number of bytes of UTF-8, never inside a character. */
export const cutToBytes = (text: string, max: number): string => {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= max) return text;
  return `${new TextDecoder().decode(bytes.subarray(0, max - 3)).replace(/\uFFFD+$/, '')}...`;
};

/**
 * A message with its facts, at most {@link MAX_MESSAGE_BYTES} long. Values come from nodes: they are inserted as text and
 * never interpreted. Empty where no sentence can be shown.
 */
export const fillMessage = (message: Message, facts: Facts): string =>
  cutToBytes(
    message.flatMap((part) => firstOf(Array.isArray(part) ? part : [part as Sentence], facts) ?? []).join(' '),
    MAX_MESSAGE_BYTES,
  );
