import { Wake } from '../../core/model/wake.ts';
import { PermanentError } from '../runtime/errors.ts';

/** A message of the lanes queue as a wake; PermanentError names the field that is wrong. */
export const parseWake = (body: unknown): Wake => {
  const parsed = Wake.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new PermanentError(
    `reading the wake: field ${issue?.path.join('.') || '(message)'}: ${issue?.message ?? 'invalid'}`,
  );
};
