import type { Fault, LineKind, LogRule, Segment } from '../../model/log-lines.ts';
import { isForeign, isQuoting, repeatsPod } from './frame.ts';
import { readText } from './text.ts';

/**
 * Classifies a log line, a Kubernetes event, or a paste of several; null where no rule finds a fault of the node. Pure, and
 * linear in the length of the text.
 *
 * @param kind the program that wrote the text, if it is known; otherwise the text must identify it
 */
export type Classify = (raw: string, kind?: LineKind) => Fault | null;

/** The rank of every reason. Throws where two rules rank one reason differently. */
const ranksOf = (rules: readonly LogRule[]): ReadonlyMap<string, number> => {
  const ranks = new Map<string, { readonly rank: number; readonly rule: string }>();
  for (const { name, reasons } of rules) {
    for (const [reason, rank] of Object.entries(reasons)) {
      const known = ranks.get(reason);
      if (known !== undefined && known.rank !== rank) {
        throw new Error(
          `building the classifier: the reason ${reason} has rank ${known.rank} in the rule ${known.rule} and ${rank} in ${name}; give it one rank`,
        );
      }
      ranks.set(reason, { rank, rule: name });
    }
  }
  return new Map([...ranks].map(([reason, { rank }]) => [reason, rank] as const));
};

/** Every reason that the rules can give, lowest rank first; reasons of one rank in the order of their names. */
export const logReasons = (rules: readonly LogRule[]): readonly string[] =>
  [...ranksOf(rules)].toSorted(([a, i], [b, j]) => i - j || (a < b ? -1 : 1)).map(([reason]) => reason);

/** The segments that no other one may hold: what follows a segment that repeats a pod may be a part of its quotation. */
const ownSegments = (segments: readonly Segment[]): readonly Segment[] => {
  let isInside = false;
  return segments.filter((segment) => {
    const isPart = segment.follows === true && isInside;
    isInside = isPart || repeatsPod(segment);
    return !isPart;
  });
};

/** The program that wrote a segment: as its record says, where the caller does not know it. */
const kindOf = (segment: Segment, given: LineKind | undefined): LineKind | undefined =>
  given === undefined || given === 'other' ? (segment.kind ?? given) : given;

const firstFault = (rules: readonly LogRule[], segment: Segment, kind: LineKind | undefined): Fault | null => {
  for (const rule of rules) {
    const fault = rule.read(segment, kind);
    if (fault !== null) return fault;
  }
  return null;
};

/**
 * Makes a classifier of rules.
 *
 * @throws where two rules rank one reason differently
 */
export const createClassifier = (rules: readonly LogRule[]): Classify => {
  const reasons = logReasons(rules);
  const ordered = rules.toSorted((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
  const provenByHint = new Set(rules.flatMap((rule) => rule.provenByHint ?? []));
  const placeOf = ({ reason, hint }: Fault): number =>
    (hint === true && !provenByHint.has(reason) ? reasons.length : 0) + reasons.indexOf(reason);
  const readersFor = (kind: LineKind | undefined): readonly LogRule[] =>
    ordered.filter(({ notFrom }) => kind === undefined || notFrom?.includes(kind) !== true);
  const faultOf = (segment: Segment, given: LineKind | undefined): Fault | null => {
    if (isForeign(segment)) return null;
    const kind = kindOf(segment, given);
    const readers = readersFor(kind);
    const owner = readers.find((rule) => rule.owns?.(segment) === true);
    if (owner !== undefined) return owner.read(segment, kind);
    return isQuoting(segment) ? null : firstFault(readers, segment, kind);
  };
  return (raw, kind) => {
    const faults = ownSegments(readText(raw) ?? []).flatMap((segment) => faultOf(segment, kind) ?? []);
    const [first, ...others] = faults.toSorted((a, b) => placeOf(a) - placeOf(b));
    if (first === undefined || first.image !== undefined) return first ?? null;
    // Where several records show the same fault, the one that names the image is the answer.
    return others.find((other) => placeOf(other) === placeOf(first) && other.image !== undefined) ?? first;
  };
};
