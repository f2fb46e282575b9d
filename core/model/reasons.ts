/** How bad a reason is, in the words of the EKS node monitoring agent. */
export type Severity = 'Info' | 'Warning' | 'Fatal';

/** One entry of the catalogue of faults. */
export type Reason = {
  readonly severity: Severity;
  /**
   * `node-local`: the node's own trouble (its role, disk, network), which says nothing against the repair.
   * `attributable`: a failed repair with this reason counts towards opening the breaker.
   */
  readonly scope: 'node-local' | 'attributable';
  /**
   * False where no repair of the remediation that finds it can do anything about it, while the node still works: a check
   * tells of it, and asks for no repair, which would only fail and count towards quarantine.
   */
  readonly repairable?: false;
  /** What makes it happen, in one or two sentences for an operator. */
  readonly cause: string;
  /** What the operator should do next. */
  readonly advice: string;
};

/** Types a catalogue and keeps its keys. */
export const defineReasons = <const R extends Readonly<Record<string, Reason>>>(reasons: R): R => reasons;
