import { isGoneState } from '../guards/decide-node.ts';
import { defined } from '../model/defined.ts';
import { meaningOf } from '../model/outcome.ts';
import type { CommandRow } from '../state/command-state.ts';
import type { Reading } from '../state/results.ts';

type Readings = ReadonlyMap<string, Reading | undefined>;

/** Whether a repair with this reading may have failed because its instance went away. */
const mayHaveGone = ({ outcome }: Reading): boolean => {
  const { isWorking, isFailed, isSilence } = meaningOf(outcome);
  return !isWorking && (isFailed || isSilence);
};

/**
 * The nodes of a repair whose instances may be gone: those that failed or gave no answer, and from the soft deadline on those
 * that have none yet. A check fails nobody.
 */
export const mayBeGone = (
  { action, softDeadlineAt }: Pick<CommandRow, 'action' | 'softDeadlineAt'>,
  readings: Readings,
  now: string,
): readonly string[] =>
  action === 'check'
    ? []
    : [...readings].flatMap(([id, reading]) =>
        (reading === undefined ? now >= softDeadlineAt : mayHaveGone(reading)) ? [id] : [],
      );

/**
 * The readings in which the nodes whose instances are gone have no failure: whoever terminated an instance has ended its repair.
 * `states` are those of EC2, of the nodes about which it was asked.
 */
export const withoutGone = (
  readings: Readings,
  states: ReadonlyMap<string, string | undefined>,
  now: string,
): Readings =>
  new Map(
    [...readings].map(([id, reading]): [string, Reading | undefined] => {
      if (!states.has(id) || !isGoneState(states.get(id))) return [id, reading];
      const { startedAt, endedAt = now, since, detectedWithinSeconds, nodegroup, ami } = reading ?? {};
      return [
        id,
        {
          outcome: 'Skipped',
          skipReason: 'Gone',
          message: `EC2 shows the instance as ${states.get(id) ?? 'not there'}: it went away while its repair ran`,
          endedAt,
          ...defined({ startedAt, since, detectedWithinSeconds, nodegroup, ami }),
        },
      ];
    }),
  );
