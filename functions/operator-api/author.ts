import { type Author, namedIn } from '../../core/api/action-row.ts';
import type { Refusal } from '../../core/api/refusal.ts';
import { type Way, wayOf } from '../../core/api/way.ts';
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
};

/** The payload of an event without what says who asks. It may be anything. */
export const payloadOf = (event: unknown): CallerFields & { readonly payload: Fields } => {
  const { widgetContext, ...payload }: Fields = { ...(event as object) };
  return { payload, isDashboard: widgetContext !== undefined };
};

/** The author of a request, and why it is refused because of them. */
export const authorOf = async (
  _deps: OperatorApiPorts,
  _by: Invocation,
  { isDashboard }: CallerFields,
  payload: Fields,
): Promise<{ readonly author: Author; readonly refusal?: Refusal }> => ({
  author: isDashboard ? { kind: 'dashboard' } : { kind: 'claimed', name: namedIn(payload).requestedBy },
});
