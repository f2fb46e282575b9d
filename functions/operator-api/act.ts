import { entriesOf, readEntry } from '../../core/api/entry.ts';
import { PermanentError } from '../runtime/errors.ts';
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

/** Reads a request, whatever was sent; the error names the wrong field. */
export const readRequest = (event: unknown) => readEntry<AcceptedRequest<OperatorAnswer>>('action', ACTIONS, event);

/**
 * Accepts a person's request and answers at once. Throws PermanentError for a request that is invalid or not allowed: the
 * caller sees its message, which names the field and the allowed values.
 */
export const remediate = async (deps: OperatorApiPorts, caller: Caller, event: unknown): Promise<OperatorAnswer> => {
  const reading = readRequest(event);
  if (!reading.ok) throw new PermanentError(`reading the request: ${reading.error}`);
  const { request, perform } = reading.value;
  const answer = await perform(deps, caller);
  deps.count('Requests');
  deps.log.info('accepting request', { request, ...('runId' in answer ? { runId: answer.runId } : {}) });
  return answer;
};
