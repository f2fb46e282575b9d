import { createHash } from 'node:crypto';
import { type Author, namedIn } from '../../core/api/action-row.ts';
import { fieldsOf } from '../../core/api/entry.ts';
import { authorOfIdentity, boundText, checkProof, Proof } from '../../core/api/proof.ts';
import { type Refusal, refusal } from '../../core/api/refusal.ts';
import { type Way, wayOf } from '../../core/api/way.ts';
import { describeIssue } from '../../core/model/issue.ts';
import type { OperatorApiPorts } from './ports.ts';

/** An invocation of operator-api: the way in, and Lambda's own id of it. */
export type Invocation = { readonly way: Way; readonly lambdaRequestId: string };

/** The invocation by Lambda's context. */
export const invocationOf = (context: {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
}): Invocation => ({
  way: wayOf(context.invokedFunctionArn),
  lambdaRequestId: context.awsRequestId,
});

type Fields = Readonly<Record<string, unknown>>;

/** The fields of a request about its caller, beside its payload. */
export type CallerFields = {
  /** A widget of a dashboard asks, for whoever looks at it. */
  readonly isDashboard: boolean;
  /** The caller's signature, as it came. */
  readonly proof: unknown;
  /** The caller accepts that the row says `claimed` where STS cannot be asked. */
  readonly mayBeUnverified: boolean;
  /** What the proof binds: the event without the proof. */
  readonly signed: Fields;
};

/** The payload of an event without what says who asks. It may be anything. */
export const payloadOf = (event: unknown): CallerFields & { readonly payload: Fields } => {
  const { proof, ...signed } = fieldsOf(event);
  const { widgetContext, unverified, ...payload } = signed;
  return { payload, signed, proof, isDashboard: widgetContext !== undefined, mayBeUnverified: unverified === true };
};

type Identified = { readonly author: Author; readonly refusal?: Refusal };

const SIGN_AGAIN = { next: 'sign the request again with valid credentials, or send it without a proof' };

const refused = (name: string, why: string): Identified => ({
  author: { kind: 'claimed', name, unverified: `the proof was refused: ${why}` },
  refusal: refusal('proof', why, SIGN_AGAIN),
});

/** The hash that a proof of the request has; undefined where its fields lie too deep to be written as text again. */
const boundHash = (stackArn: string, signed: Fields): string | undefined => {
  try {
    return createHash('sha256').update(boundText(stackArn, signed)).digest('hex');
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
};

/** The author of a signed request: whom STS names. Where STS cannot be asked, the author is claimed. */
const signer = async (
  deps: OperatorApiPorts,
  { proof: given, signed }: CallerFields,
  name: string,
): Promise<Identified> => {
  const parsed = Proof.safeParse(given);
  if (!parsed.success) return refused(name, describeIssue(parsed.error, '(whole)'));
  const request = boundHash(deps.stackArn, signed);
  if (request === undefined) return refused(name, 'the fields of the request lie too deep in each other');
  const { region } = deps;
  const checked = checkProof(parsed.data, { region, nowMs: deps.now().getTime(), request });
  if (!checked.ok) return refused(name, checked.error);
  const answer = await deps.askCaller(checked.value);
  if (answer.kind === 'named') return { author: authorOfIdentity(answer.identity) };
  if (answer.kind === 'refused') return refused(name, `AWS STS in ${region} refused it (${answer.why})`);
  deps.count('CallersUnverified');
  deps.log.warn('leaving caller unverified', { error: answer.why });
  const unverified = `AWS STS in ${region} could not be asked (${answer.why})`;
  return { author: { kind: 'claimed', name, unverified } };
};

/** The author of a request, and why it is refused because of them. */
export const authorOf = async (deps: OperatorApiPorts, caller: CallerFields, payload: Fields): Promise<Identified> => {
  if (caller.isDashboard) return { author: { kind: 'dashboard' } };
  const name = namedIn(payload).requestedBy;
  return caller.proof === undefined ? { author: { kind: 'claimed', name } } : await signer(deps, caller, name);
};
