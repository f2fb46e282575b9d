import { defined } from '../../../core/model/defined.ts';
import type { Caller, OperatorApiPorts } from '../ports.ts';
import type { Taken } from './take-letters.ts';

/** The action, its author and the reason. */
type Asked = Caller & {
  readonly action: 'replay' | 'discard';
  readonly by: string;
  readonly reason: string | undefined;
};

/**
 * Carries out an action on dead letters, with a record of it. The record is written first: an action that failed half way
 * must have one.
 */
export const recorded = async <Answer extends Pick<Taken, 'kinds'>>(
  deps: OperatorApiPorts,
  { reason, ...asked }: Asked,
  work: () => Promise<Answer>,
): Promise<Answer> => {
  const row = { ...asked, at: deps.now().toISOString(), ...defined({ reason }) };
  const id = deps.newId();
  await deps.letterRecords.put(row, id);
  const answer = await work();
  await deps.letterRecords.put({ ...row, kinds: answer.kinds }, id);
  return answer;
};
