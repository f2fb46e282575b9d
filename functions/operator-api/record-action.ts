import { type ActionRow, type Author, namedIn, shortened } from '../../core/api/action-row.ts';
import type { Refusal } from '../../core/api/refusal.ts';
import type { Way } from '../../core/api/way.ts';
import { defined } from '../../core/model/defined.ts';
import { asError } from '../runtime/errors.ts';
import type { OperatorApiPorts } from './ports.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An action's author, way and invocation. */
export type Asked = {
  readonly author: Author;
  readonly way: Way;
  readonly lambdaRequestId: string;
  /** The payload as it came, without the caller's proof. */
  readonly payload: Fields;
};

/** The record of one action. */
export type ActionRecord = {
  readonly asked: (request: Fields) => Promise<void>;
  readonly answered: (request: Fields, answer: object, isDryRun: boolean) => Promise<void>;
  readonly refused: (error: Refusal, request?: Fields) => Promise<void>;
};

const shown = (fields: object): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shortened(value)]));

/** Records an action: the request before anything happens, then the answer. */
export const createActionRecord = (
  deps: Pick<OperatorApiPorts, 'actions' | 'now' | 'newId' | 'log' | 'count'>,
  { author, way, lambdaRequestId, payload }: Asked,
): ActionRecord => {
  const { action, cluster } = namedIn(payload);
  const id = deps.newId();
  const add = (event: ActionRow['event'], rest: Partial<ActionRow>): Promise<void> =>
    deps.actions.add(
      { event, at: deps.now().toISOString(), action, ...defined({ cluster }), author, way, lambdaRequestId, ...rest },
      id,
    );
  /** Adds a row afterwards: the action has happened or was refused, and its caller must not hear that it failed. */
  const tell: typeof add = async (event, rest) => {
    try {
      await add(event, rest);
    } catch (thrown) {
      deps.count('AnswerNotRecorded');
      deps.log.error('losing the record of an answer', { lambdaRequestId, action, error: asError(thrown) });
    }
  };
  return {
    asked: (request) => add('asked', { request: shown(request) }),
    answered: (request, answer, isDryRun) =>
      isDryRun
        ? tell('answered', { request: shown(request), answer: shown(answer), dryRun: true })
        : tell('answered', { answer: shown(answer) }),
    // A payload that was not understood may hold anything: its values are not kept.
    refused: (error, request) => tell('refused', { error, ...defined({ request: request && shown(request) }) }),
  };
};
