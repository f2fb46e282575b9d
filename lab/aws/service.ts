import type * as z from 'zod';
import { defined } from '../../core/model/defined.ts';
import { AwsError } from './aws-error.ts';
import type { AccessRequest, Principal } from './iam.ts';

/** The data about the caller that an operation gets. */
export type Call = { readonly principal: Principal; readonly requestId: string };

/** A valid request: the access that IAM must allow, and its effect. */
export type PreparedCall = {
  readonly access: readonly AccessRequest[];
  readonly items?: number;
  readonly run: (call: Call) => unknown;
};

/** One operation: reads raw input, or throws ValidationException naming the field. */
export type Operation = (raw: unknown) => PreparedCall;

/** A request as the HTTP server hands it to a service. */
export type WireRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
};

/** The answer to send. */
export type WireAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
};

/** A service: how to find the operation in a request, and how to write answers. */
export type Service = {
  /** The service's name in SigV4's credential scope. */
  readonly name: string;
  /** Finds operation and raw input, or throws the service's own "unknown operation" error. */
  readonly read: (request: WireRequest) => { readonly operation: string; readonly input: unknown };
  readonly operations: Readonly<Record<string, Operation>>;
  /** What of the service a request is about, for the record of calls. */
  readonly about?: (input: unknown) => string;
  readonly write: (operation: string, output: unknown, requestId: string) => WireAnswer;
  readonly writeError: (error: AwsError, requestId: string) => WireAnswer;
  /** The service's code for a denied call, where it is not AccessDeniedException. */
  readonly deniedCode?: string;
  /** The service's code for a throttled call, where it is not ThrottlingException. */
  readonly throttledCode?: string;
};

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const problem = (issue: z.core.$ZodIssue): string => {
  const at = issue.path.map((p) => (typeof p === 'string' ? lowerFirst(p) : String(p))).join('.');
  if (issue.code === 'unrecognized_keys') {
    return `the lab does not know the member${issue.keys.length > 1 ? 's' : ''} ${issue.keys.map((k) => `'${k}'`).join(', ')}${at === '' ? '' : ` of '${at}'`}`;
  }
  return `Value at '${at === '' ? 'input' : at}' failed to satisfy constraint: ${issue.message}`;
};

/**
 * Defines an operation by a strict schema of its input, the access that it needs and its effect. An unknown or ill-typed
 * member is a ValidationException that names it.
 */
export const operation =
  <S extends z.ZodType>(
    schema: S,
    definition: {
      readonly access: (input: z.infer<S>) => readonly AccessRequest[];
      readonly items?: (input: z.infer<S>) => number;
      readonly run: (input: z.infer<S>, call: Call) => unknown;
    },
    validationCode = 'ValidationException',
  ): Operation =>
  (raw) => {
    const parsed = schema.safeParse(raw);
    if (!parsed.success) {
      const problems = parsed.error.issues.map(problem);
      const count = `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: `;
      throw new AwsError(validationCode, count + problems.join('; '));
    }
    return {
      access: definition.access(parsed.data),
      ...defined({ items: definition.items?.(parsed.data) }),
      run: (call) => definition.run(parsed.data, call),
    };
  };
