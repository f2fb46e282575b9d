import { describeIssue } from '../../core/model/issue.ts';
import { Wake } from '../../core/model/wake.ts';
import { PermanentError } from '../runtime/errors.ts';

/** A message of the lanes queue as a wake; PermanentError names the field that is wrong. */
export const parseWake = (body: unknown): Wake => {
  const parsed = Wake.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new PermanentError(`reading the wake: ${describeIssue(parsed.error, '(message)')}`);
};
