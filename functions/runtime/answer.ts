import { type Answer, type Refusal, refusal } from '../../core/api/refusal.ts';

/** A request that is refused for what its author can change. `answered` makes it a value; it never leaves a function. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly refusal: Refusal;

  constructor(refused: Refusal) {
    super(refused.message);
    this.refusal = refused;
  }
}

/** Refuses the request because of a field. */
export const refuse = (field: string, problem: string, rest?: Pick<Refusal, 'allowed' | 'next'>): never => {
  throw new RefusedError(refusal(field, problem, rest));
};

/** Answers with the value of the work, or with its refusal. Any other error is thrown: the caller retries. */
export const answered = async <Value extends object>(
  work: () => Promise<Value>,
  whenRefused: (refused: Refusal) => void,
): Promise<Answer<Value>> => {
  try {
    return { ok: true, ...(await work()) };
  } catch (thrown) {
    if (!(thrown instanceof RefusedError)) throw thrown;
    whenRefused(thrown.refusal);
    return { ok: false, error: thrown.refusal };
  }
};
