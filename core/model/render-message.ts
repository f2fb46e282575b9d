import { counted } from './counted.ts';
import { defined } from './defined.ts';
import type { Finding } from './document-result.ts';
import { type Facts, fillMessage, type Message } from './message.ts';
import { meaningOf, type Outcome, SCRIPT_OUTCOMES } from './outcome.ts';
import type { Reason } from './reasons.ts';
import type { Action, Remediation } from './remediation.ts';

/** The sentences of a catalogue, as {@link renderMessage} needs them. */
export type Texts = {
  /** Identifies the wording; stored with every row that was written with it. */
  readonly version: string;
  readonly reasons: ReadonlyMap<string, Pick<Reason, 'title' | 'message' | 'advice' | 'severity'>>;
  readonly remediations: ReadonlyMap<string, Pick<Remediation, 'healthy' | 'repaired'>>;
};

/** A finding of a check; one that no document reported has its message. */
export type ReportedFinding = Omit<Finding, 'outcome'> & {
  readonly outcome: Outcome;
  readonly message?: string | undefined;
};

/** The report of a node about one remediation, or about all of them. */
export type Reported = Omit<Finding, 'remediation' | 'outcome' | 'title'> & {
  readonly outcome: Outcome;
  readonly title?: string | undefined;
  readonly action?: Action;
  readonly findings?: readonly ReportedFinding[] | undefined;
  readonly cut?: number | undefined;
};

/** Evidence that the shared part of every script reports, with its meaning. */
export const COMMON_EVIDENCE = {
  blockedBy: 'The remediation and the reason that must be repaired first.',
  repaired: 'The reasons that the repair repaired.',
  changed: 'False where a repair that failed changed nothing on the node.',
  timeLimitSeconds: 'The time limit of the script in seconds, where the script reached it.',
  signal: 'The signal that stopped the script.',
  exitCode: 'The exit code with which the script or a tool ended.',
  line: 'The line of the script that failed.',
  tool: 'The program that is missing, too old or not used.',
  failedStep: 'The step of the repair that failed.',
  failedHost: 'The host that a request could not reach, or that refused it.',
  httpStatus: 'The HTTP status that the host answered.',
  networkError: 'How the connection failed: dns, timeout, refused, reset, route, proxy, tls-timeout or certificate-*.',
  platform: 'The kind of node, where fleetmend does not support it.',
  limitSeconds: 'The time limit of the command or check that did not end, in seconds.',
} as const;

/** Sentences that can follow every message. */
const ENDINGS: Message = [
  { when: { outcome: 'Skipped' }, text: 'Blocked by {blockedBy}, which must be repaired first.' },
  { when: { outcome: 'NotRepaired' }, text: 'The same repair fixed {repaired}.' },
  { when: { outcome: 'NotRepaired', changed: false }, text: 'Nothing was changed on the node.' },
  {
    when: { outcome: SCRIPT_OUTCOMES.filter((outcome) => meaningOf(outcome).isFailed) },
    text: 'The script reached its time limit of {timeLimitSeconds} s.',
  },
];

/** Shown for a reason that this catalogue does not have: a document of another deployment reported it. */
const UNKNOWN_REASON: Message = [['The node reported "{title}": {detail}.', 'The node reported "{title}".']];
const HEALTHY: Message = ['No check found a fault.'];

/** The message of a reason that has none of its own. */
const plain = (title: string): Message => [[`${title}: {detail}.`, `${title}.`]];

const messageFor = (texts: Texts, remediation: string, { outcome, reason }: Reported): Message => {
  const own = texts.remediations.get(remediation);
  const { isRepaired, isWorking } = meaningOf(outcome);
  if (isWorking && !isRepaired) return own?.healthy ?? HEALTHY;
  if (isRepaired && own !== undefined) return own.repaired;
  const known = reason === undefined ? undefined : texts.reasons.get(reason);
  return known === undefined ? UNKNOWN_REASON : [...(known.message ?? plain(known.title)), ...ENDINGS];
};

const findingMessage = (texts: Texts, { remediation, message, ...finding }: ReportedFinding): string =>
  message ?? renderMessage(texts, remediation, { action: 'check', ...finding });

/**
 * The message of a result: the catalogue's sentences with the node's facts, at most 600 bytes. Pure; called once, when the
 * row is written. Values from the node are inserted as text.
 */
export const renderMessage = (texts: Texts, remediation: string, reported: Reported): string => {
  const [first, ...others] = reported.findings ?? [];
  if (first !== undefined) {
    const count = others.length + (reported.cut ?? 0);
    const also = count === 0 ? '' : ` ${counted(count, 'more check')} reported a fault.`;
    return `${findingMessage(texts, first)}${also}`;
  }
  const { evidence, action, outcome, cause, method, image, willRecur, detail, title } = reported;
  const facts: Facts = { ...evidence, action, outcome, cause, method, image, willRecur, detail, title };
  const message = fillMessage(messageFor(texts, remediation, reported), facts);
  return message === '' ? fillMessage(UNKNOWN_REASON, facts) : message;
};

/** The sentences of a result row: its message, and that of each finding. */
export type Recorded = {
  readonly message: string;
  readonly catalogueVersion?: string;
  readonly findings?: (ReportedFinding & { readonly message: string })[];
};

/** The sentences of a result row; those that fleetmend itself wrote, and no document, stay as they are. */
export const recordedOf = (
  texts: Texts,
  remediation: string,
  read: Reported & { readonly message?: string | undefined },
): Recorded => {
  const findings = read.findings?.map((finding) => ({ ...finding, message: findingMessage(texts, finding) }));
  const isRendered = [read, ...(read.findings ?? [])].some(({ message }) => message === undefined);
  return {
    message: read.message ?? renderMessage(texts, remediation, read),
    ...(isRendered ? { catalogueVersion: texts.version } : {}),
    ...defined({ findings }),
  };
};
