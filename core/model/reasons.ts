import type { FactsOf, Message, RESULT_FACTS } from './message.ts';

/** How bad a reason is, in the words of the EKS node monitoring agent. */
export type Severity = 'Info' | 'Warning' | 'Fatal';

/** The description of a fault of a node, whether or not a document can report the fault. */
export type ReasonBase = {
  readonly severity: Severity;
  /**
   * `node-local`: the cause is on the node (its role, disk, network), and the failure is not attributable to the repair.
   * `attributable`: a failed repair with this reason counts towards opening the breaker.
   */
  readonly scope: 'node-local' | 'attributable';
  /**
   * False if the remediation that finds the fault cannot repair it, and the node still works. A check then reports the
   * fault and requests no repair: the repair would fail and count towards quarantine.
   */
  readonly repairable?: false;
  /** The cause, in one or two sentences for an operator. */
  readonly cause: string;
  /** The next step for the operator. */
  readonly advice: string;
};

/** One entry of the catalogue of faults. */
export type Reason = ReasonBase & {
  /** The fault in a few words, at most 80 bytes of ASCII: the builder writes it into the documents that can report it. */
  readonly title: string;
  /** Names of the evidence that `message` uses. */
  readonly evidence?: readonly string[];
  /** The message in the audit table for a node that reports this reason. The default is the title and the detail. */
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
