import * as z from 'zod';
import { Refusal } from '../../core/api/refusal.ts';

const Answered = z.discriminatedUnion('ok', [
  z.looseObject({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), error: Refusal }),
]);

type Accepted<Answer> = Answer extends { readonly ok: true } ? Omit<Answer, 'ok'> : never;

/** What an answer of operator-api or audit-query holds besides `ok`. Throws for a refusal, so that no test overlooks one. */
export const accepted = <Answer>(answer: Answer): [Accepted<Answer>] extends [never] ? unknown : Accepted<Answer> => {
  const { ok, ...value } = Answered.parse(answer);
  if (!ok) throw new Error(`refused: ${JSON.stringify(value.error)}`);
  return value as never;
};

/** The refusal that an answer is; throws for any other answer. */
export const refusalIn = (answer: unknown): Refusal => {
  const parsed = Answered.parse(answer);
  if (parsed.ok) throw new Error(`not refused: ${JSON.stringify(answer)}`);
  return parsed.error;
};
