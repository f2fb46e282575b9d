import { Outcome } from '../core/model/outcome.ts';
import { usageError } from './exit.ts';

/** Reads outcomes as a person names them, separated by commas. @throws CommandError for an unknown one */
export const readOutcomes = (text: string | undefined): readonly Outcome[] =>
  text === undefined
    ? Outcome.options
    : text.split(',').map((name) => {
        const parsed = Outcome.safeParse(name.trim());
        if (parsed.success) return parsed.data;
        throw usageError('--outcome', `"${name}" is no outcome; there are: ${Outcome.options.join(', ')}`, {
          allowed: [...Outcome.options],
        });
      });
