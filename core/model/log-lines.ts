/**
 * The program that wrote a line. `event`: a Kubernetes event of a pod or node, or several of them pasted together;
 * `other`: any other program, or an unknown one.
 */
export const LINE_KINDS = ['kubelet', 'containerd', 'docker', 'cri-dockerd', 'ipamd', 'event', 'other'] as const;
/** One of {@link LINE_KINDS}. */
export type LineKind = (typeof LINE_KINDS)[number];

/** A piece of text that one program wrote as one record. */
export type Segment = {
  /** The text as it came, with straight quotes and without escapes: its start identifies the program that wrote it. */
  readonly text: string;
  /** The text without white space, so that line breaks that a terminal inserted do not matter. */
  readonly compact: string;
  /** {@link Segment.compact} in lower case, of the same length. Phrases are matched against it. */
  readonly lower: string;
  /** The program that wrote it, where its record says so. */
  readonly kind?: LineKind;
  /** Whether it came right behind another one in one text. */
  readonly follows?: true;
};

/** A fault of the node that a piece of its log shows. */
export type Fault<Reason extends string = string> = {
  readonly reason: Reason;
  /** The failing sandbox image, where the text names it. */
  readonly image?: string;
  /** Present where the text only announces the fault, or where no repair exists: it leads to a check, never to a repair. */
  readonly hint?: true;
};

/** One classification rule: it reads one record and returns the reason that the record shows. */
export type LogRule<Reason extends string = string> = {
  /** Names the rule in error messages, for example `docker`. */
  readonly name: string;
  /** The rules read a record in this order, lowest first; the first answer counts. */
  readonly order: number;
  /**
   * Every reason that the rule can give, with its rank. Of the faults in several records of one text, the one with the
   * lowest rank is the answer, so the cause of the others has the lower rank. Every fault ranks before every hint.
   */
  readonly reasons: Readonly<Record<string, number>>;
  /** Reasons whose hints rank with the faults: the text proves them, and they are hints only because no repair exists. */
  readonly provenByHint?: readonly Reason[];
  /** Programs whose records the rule does not read: they report no such fault, so that their text can only quote one. */
  readonly notFrom?: readonly LineKind[];
  /** Records that belong to this rule alone, even where they quote another program. */
  readonly owns?: (segment: Segment) => boolean;
  /** Null where the record shows none of the rule's reasons. Pure, and linear in the length of the record. */
  readonly read: (segment: Segment, kind: LineKind | undefined) => Fault<Reason> | null;
};

/** Types a rule: `reasons` ranks every reason that `read` can give. */
export const defineLogRule = <const Reason extends string>(
  rule: LogRule<Reason> & { readonly reasons: Readonly<Record<Reason, number>> },
): LogRule<Reason> => rule;

/**
 * The programs whose lines reach a log group. `system` is the rest of the host: systemd, the kernel, the scripts of the
 * AMI, nodeadm. `event` is an exporter of Kubernetes events.
 */
export type LogSource = Exclude<LineKind, 'other'> | 'system';

/** The log lines that a remediation recognizes. */
export type LogLines<Reason extends string = string> = {
  /**
   * Plain text without quotes, by the program that writes it. A line passes the subscription filter of a log group when it
   * contains a phrase of a program that writes to this group. Phrases are compared letter by letter with the shipped
   * JSON. Each line that passes costs a part of an invocation, so no phrase may let the line of a success through.
   */
  readonly phrases: Readonly<Partial<Record<LogSource, readonly string[]>>>;
  readonly rules: readonly LogRule<Reason>[];
};

/** Types the log lines of a remediation and keeps the names of the reasons that its rules can give. */
export const defineLogLines = <const Reason extends string>(logLines: LogLines<Reason>): LogLines<Reason> => logLines;
