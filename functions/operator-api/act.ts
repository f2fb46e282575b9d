import { entriesOf, readEntry } from '../../core/api/entry.ts';
import type { Answer } from '../../core/api/refusal.ts';
import { answered, RefusedError } from '../runtime/answer.ts';
import * as actions from './actions/registry.ts';
import type { AcceptedRequest } from './define-action.ts';
import type { Caller, OperatorApiPorts } from './ports.ts';

/** Every action, by name. */
export const ACTIONS = entriesOf(actions);

type AnswerOf<Action> = Action extends { read: (fields: never) => infer Reading }
  ? Extract<Reading, { ok: true }> extends { value: AcceptedRequest<infer Answer> }
    ? Answer
    : never
  : never;

/** The answer of an action. */
export type OperatorAnswer = AnswerOf<(typeof ACTIONS)[number]>;

/** Reads a request, whatever was sent; the refusal names the wrong field. */
export const readRequest = (event: unknown) => readEntry<AcceptedRequest<OperatorAnswer>>('action', ACTIONS, event);

const accept = async (deps: OperatorApiPorts, caller: Caller, event: unknown): Promise<OperatorAnswer> => {
  const reading = readRequest(event);
  if (!reading.ok) throw new RefusedError(reading.error);
  const { request, perform } = reading.value;
  const answer = await perform(deps, caller);
  deps.count('Requests');
  deps.log.info('accepting request', { request, ...('runId' in answer ? { runId: answer.runId } : {}) });
  return answer;
};

/**
 * Accepts a person's request, or refuses what is invalid or not allowed with the field and the allowed values; either way it
 * answers at once. It throws only where AWS fails.
 */
export const remediate = (deps: OperatorApiPorts, caller: Caller, event: unknown): Promise<Answer<OperatorAnswer>> =>
  answered(
    () => accept(deps, caller, event),
    (error) => {
      deps.count('Refusals');
      deps.log.info('refusing request', { ...error });
    },
  );
