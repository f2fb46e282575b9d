import * as z from 'zod';
import { plainText } from '../model/because.ts';
import { describeIssues, firstIssue } from '../model/issue.ts';

/** Why a request was refused. It is a value of the answer: what a person did wrong is no failure of a function. */
export const Refusal = z.object({
  /** The field that is wrong, where one is. */
  field: z.string().optional(),
  /** A whole sentence, which names the field too. */
  message: z.string(),
  /** The values that the field may have, where they can be listed. */
  allowed: z.array(z.string()).optional(),
  /** What to do next. */
  next: z.string().optional(),
});
export type Refusal = Readonly<z.infer<typeof Refusal>>;

/** What a function answers to a person: the value with `ok: true`, or a refusal. */
export type Answer<Value extends object> =
  | ({ readonly ok: true } & Value)
  | { readonly ok: false; readonly error: Refusal };

/** The longest name of a field that an answer repeats: any text can be one. */
const MAX_NAME = 100;

const named = (field: string): string =>
  plainText(field.length > MAX_NAME ? `${field.slice(0, MAX_NAME)}…` : field, MAX_NAME + 1);

/** A refusal that names a field. */
export const refusal = (field: string, problem: string, rest: Pick<Refusal, 'allowed' | 'next'> = {}): Refusal => ({
  field: named(field),
  message: `field ${named(field)}: ${problem}`,
  ...rest,
});

/** The refusal of a payload that does not fit its schema, which has these fields. The message names up to three problems. */
export const refusalOf = (error: z.ZodError, fields: readonly string[]): Refusal => {
  const issue = error.issues.at(0);
  const [unknown] = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  if (unknown !== undefined) {
    return refusal(unknown, `this request has no such field; it has: ${fields.join(', ')}`, { allowed: [...fields] });
  }
  const { field } = firstIssue(error, '');
  return {
    ...(field === '' ? {} : { field: named(field) }),
    message: describeIssues(error, '(whole)'),
    ...(issue?.code === 'invalid_value' ? { allowed: issue.values.map(String) } : {}),
  };
};
