import type { FactsOf, Message, RESULT_FACTS } from './message.ts';

/** How bad a reason is, in the words of the EKS node monitoring agent. */
export type Severity = 'Info' | 'Warning' | 'Fatal';

/** What is known about a fault of a node, whether or not a document can report it. */
export type ReasonBase = {
  readonly severity: Severity;
  /**
   * `node-local`: the node's own trouble (its role, disk, network), which says nothing against the repair.
   * `attributable`: a failed repair with this reason counts towards opening the breaker.
   */
  readonly scope: 'node-local' | 'attributable';
  /**
   * False where no repair of the remediation that finds it can do anything about it, while the node still works: a check
   * reports it and asks for no repair, which would only fail and count towards quarantine.
   */
  readonly repairable?: false;
  /** What makes it happen, in one or two sentences for an operator. */
  readonly cause: string;
  /** What the operator should do next. */
  readonly advice: string;
};

/** One entry of the catalogue of faults. */
export type Reason = ReasonBase & {
  /** The fault in a few words, at most 80 bytes of ASCII: the builder writes it into the documents that can report it. */
  readonly title: string;
  /** Names of the evidence that `message` uses. */
  readonly evidence?: readonly string[];
  /** What is written to the audit table when a node reports this reason; the title and the detail unless given. */
  readonly message?: Message;
};

/** Facts that a message names and its reason does not declare. */
type Undeclared<R extends Reason> = Exclude<
  FactsOf<R['message']>,
  (R['evidence'] extends readonly (infer N)[] ? N : never) | (typeof RESULT_FACTS)[number]
>;

type Checked<R extends Readonly<Record<string, Reason>>> = {
  readonly [K in keyof R]: [Undeclared<R[K]>] extends [never]
    ? unknown
    : { readonly message: `{${Undeclared<R[K]>}} is not declared as evidence` };
};

/** Types a catalogue and keeps its keys. A message that names evidence which its reason does not declare does not compile. */
export const defineReasons = <const R extends Readonly<Record<string, Reason>>>(reasons: R & Checked<R>): R => reasons;
