import type * as z from 'zod';
import { describeIssue } from '../../core/model/issue.ts';
import { CommandError } from '../exit.ts';

/** Reads a part of an answer. @throws CommandError where it has another shape, as that of another version may have */
export const answerOf = <Shape extends z.ZodType>(shape: Shape, value: unknown, what: string): z.output<Shape> => {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CommandError(
    'Aws',
    {
      message: `the stack answered ${what} in a form that this version of fleetmend does not understand: ${describeIssue(parsed.error, '(whole)')}`,
      next: 'compare the versions: fleetmend doctor',
    },
    parsed.error,
  );
};
