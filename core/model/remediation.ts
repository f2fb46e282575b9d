import type { LogLines } from './log-lines.ts';
import type { Message } from './message.ts';
import type { Reason } from './reasons.ts';

/** The two actions of a remediation; each has its own document. */
export type Action = 'check' | 'repair';

/** For the reference of a reason: where its fault is on a node, and how to undo what the repair changes about it. */
export type Guide = {
  /** The file, unit, program or service, by its name, in a sentence. */
  readonly where: string;
  /** The commands that undo it, or "Nothing: …" where nothing is changed. */
  readonly undo: string;
};

/**
 * One way to repair a set of reasons. A remediation is one folder below `ssm-documents/` and one line in its registry;
 * documents, rules, grants, filters, metrics and docs are derived from this value.
 */
export type Remediation = {
  /** Kebab-case: the folder's name, the document's name suffix, the `remediation` of every audit row. */
  readonly name: string;
  /** One sentence about the faults that it repairs. */
  readonly summary: string;
  /** Position where several remediations apply to a node: a later one answers `BlockedBy` (lower runs first). */
  readonly order: number;
  /** Whether its repair restarts something on the node; such repairs are allowed by policy alone. */
  readonly disruptive: boolean;
  /** The reasons that it repairs, by name. */
  readonly reasons: Readonly<Record<string, Reason>>;
  /** A guide for each of its reasons, for docs/remediations.md. */
  readonly guide: Readonly<Record<string, Guide>>;
  /** Every name of evidence that its scripts report, besides those that all scripts share, with its meaning. */
  readonly evidence: Readonly<Record<string, string>>;
  /** The message in the audit table for a healthy node. */
  readonly healthy: Message;
  /** The message in the audit table for a repaired node. */
  readonly repaired: Message;
  /** Seconds that the script may run, per action (SSM `timeoutSeconds`, 5 to 172,800). */
  readonly executionTimeoutSeconds: Readonly<Record<Action, number>>;
  /** Which log lines show which of its reasons, and the phrases that let them through the subscription filters. */
  readonly logLines: LogLines;
};

/** Keeps the literal types of a remediation. Its log rules can only give reasons that it lists, and each has a guide. */
export const defineRemediation = <const R extends Remediation>(
  remediation: R & {
    readonly logLines: LogLines<keyof R['reasons'] & string>;
    readonly guide: Readonly<Record<keyof R['reasons'] & string, Guide>>;
  },
): R => remediation;
