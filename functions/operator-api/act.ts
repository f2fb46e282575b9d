import { type Author, authorName } from '../../core/api/action-row.ts';
import { entriesOf, readEntry } from '../../core/api/entry.ts';
import { type Answer, refusal } from '../../core/api/refusal.ts';
import { allows, neededWay } from '../../core/api/way.ts';
import { answered, RefusedError } from '../runtime/answer.ts';
import { asError } from '../runtime/errors.ts';
import * as actions from './actions/registry.ts';
import { authorOf, type CallerFields, type Invocation, payloadOf } from './author.ts';
import type { AcceptedRequest } from './define-action.ts';
import type { OperatorApiPorts } from './ports.ts';
import { type ActionRecord, createActionRecord } from './record-action.ts';

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

const requireWay = ({ request, way, isDryRun }: AcceptedRequest<unknown>, by: Invocation): void => {
  const needed = neededWay({ way }, isDryRun);
  if (allows(by.way, needed)) return;
  const next = `invoke the alias ${needed} of this function`;
  const problem = `the alias ${by.way} does not allow ${request.action}${isDryRun ? '' : ', but as a dry run'}; ${next}`;
  throw new RefusedError(refusal('action', problem, { allowed: [needed], next }));
};

/** Without AWS's word on the caller, what stops work goes on; the rest needs the caller's consent that the row says so. */
const requireAuthor = (
  { way, isDryRun }: AcceptedRequest<unknown>,
  author: Author,
  { mayBeUnverified }: CallerFields,
): void => {
  if (author.kind !== 'claimed' || author.unverified === undefined || mayBeUnverified) return;
  if (neededWay({ way }, isDryRun) !== 'act') return;
  const next = 'ask again later, or set unverified to true: the record then says that the author was not verified';
  throw new RefusedError(refusal('unverified', `${author.unverified}; ${next}`, { allowed: ['true'], next }));
};

/** Performs an action. What happens is recorded before it does; a refusal is recorded as one. */
const performed = async (
  deps: OperatorApiPorts,
  { request, isDryRun, perform }: AcceptedRequest<OperatorAnswer>,
  { lambdaRequestId }: Invocation,
  record: ActionRecord,
): Promise<OperatorAnswer> => {
  if (!isDryRun) await record.asked(request);
  const answer = await perform(deps, { lambdaRequestId });
  deps.count('Requests');
  deps.log.info('accepting request', { request, ...('runId' in answer ? { runId: answer.runId } : {}) });
  await record.answered(request, answer, isDryRun);
  return answer;
};

const answerTo = async (
  deps: OperatorApiPorts,
  by: Invocation,
  payload: Readonly<Record<string, unknown>>,
  caller: CallerFields,
): Promise<Answer<OperatorAnswer>> => {
  const author = await authorOf(deps, caller, payload);
  const record = createActionRecord(deps, { ...author, ...by, payload });
  let request: Readonly<Record<string, unknown>> | undefined;
  const answer = await answered(
    async () => {
      if (author.refusal !== undefined) throw new RefusedError(author.refusal);
      // Rows name the person whom AWS named, where it did, and nobody else as if it had.
      const name = authorName(author.author);
      const isClaimed = author.author.kind === 'claimed' && author.author.name === name;
      const reading = readRequest(isClaimed ? payload : { ...payload, requestedBy: name });
      if (!reading.ok) throw new RefusedError(reading.error);
      request = reading.value.request;
      requireWay(reading.value, by);
      requireAuthor(reading.value, author.author, caller);
      return await performed(deps, reading.value, by, record);
    },
    (error) => {
      deps.count('Refusals');
      // Not the refusal's own fields: its message would replace that of the line.
      deps.log.info('refusing request', { refusal: error });
    },
  );
  if (!answer.ok) await record.refused(answer.error, request);
  return answer;
};

/** The answer to a signed request on which AWS failed. */
const failure = (thrown: unknown): Answer<never> => {
  const { name, message } = asError(thrown);
  const next = 'send it again; a requestId keeps it from being carried out twice';
  return { ok: false, error: { message: `the request failed (${name}: ${message}); ${next}`, next } };
};

/**
 * Accepts a person's request, or refuses what is invalid or not allowed with the field and the allowed values; either way it
 * answers at once, and both are recorded. It throws only where AWS fails, and not for a signed request: the invocation may be
 * asynchronous, and its dead letter would hold the proof.
 */
export const remediate = async (
  deps: OperatorApiPorts,
  by: Invocation,
  event: unknown,
): Promise<Answer<OperatorAnswer>> => {
  const { payload, ...caller } = payloadOf(event);
  try {
    return await answerTo(deps, by, payload, caller);
  } catch (thrown) {
    if (caller.proof === undefined) throw thrown;
    deps.count('SignedRequestsFailed');
    deps.log.error('failing signed request', { error: asError(thrown) });
    return failure(thrown);
  }
};
