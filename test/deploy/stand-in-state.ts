/** The mutable state of the stand-in. */
export type StandInState = {
  account: string;
  arn: string;
  /** Refuses the credentials, as STS does: the code and the message. */
  refusal: readonly [code: string, message: string] | undefined;
  /** The deployed template by stack name. */
  readonly stacks: Map<string, string>;
  /** The status of a stack, where it is not UPDATE_COMPLETE. */
  readonly statuses: Map<string, string>;
  /** Log groups: their class and the names of their subscription filters. */
  readonly logGroups: Map<
    string,
    { readonly logClass: string; readonly subscriptions: readonly string[]; readonly metricFilters?: readonly string[] }
  >;
  /** The account's SSM documents by name, with the time of their creation. */
  readonly documents: Map<string, Date>;
  /** What GetDocument has, by name; a document of `documents` alone is missing there. */
  readonly contents: Map<string, string>;
  /** The policies of keys, by ARN. */
  readonly keyPolicies: Map<string, string>;
  /** Operations that are denied, as `service:Operation`. */
  readonly denied: Set<string>;
};

/** An error that the stand-in answers. */
export class Refused extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
