import { meaningOf, Outcome } from '../model/outcome.ts';
import { isFullCheck } from '../runs/digest.ts';
import { type OutcomeCounts, withCounts } from '../state/counts.ts';
import type { NodeNote, RunDigest } from '../state/run-digest.ts';

/** A note, with the run that it is from. */
export type SeenNote = NodeNote & { readonly runId: string };

/** The present state of a cluster's nodes. */
export type Present = {
  /** The worst note of each node that does not work, in the order of their ids. */
  readonly notes: readonly SeenNote[];
  /** How many nodes do not work, by outcome. A part of them may have no note: those that got no command. */
  readonly outcomes: OutcomeCounts;
  /** How many nodes the sweep looked at; without one, how many the checks since did; undefined where none has looked. */
  readonly nodes: number | undefined;
  /** Notes that did not fit into a digest. */
  readonly more: number;
};

type Known = Map<string, Map<string, SeenNote>>;

const set = (known: Known, note: SeenNote): void => {
  const own = known.get(note.instanceId) ?? new Map<string, SeenNote>();
  const standing = own.get(note.remediation);
  if (standing !== undefined && standing.at > note.at) return;
  own.set(note.remediation, note);
  known.set(note.instanceId, own);
};

/** A node that works again by one remediation has answered: what only says that it did not goes too. */
const clear = (known: Known, instanceId: string, remediation: string): void => {
  const own = known.get(instanceId);
  own?.delete(remediation);
  for (const [name, { outcome }] of own ?? []) {
    if (isFullCheck({ remediation: name }) && meaningOf(outcome).isSilence) own?.delete(name);
  }
};

const applyHealthy = (known: Known, { healthy = [], remediation }: RunDigest, isFull: boolean): void => {
  for (const id of healthy) {
    if (isFull) known.delete(id);
    else clear(known, id, remediation);
  }
};

const apply = (known: Known, digest: RunDigest): void => {
  const isFull = digest.action === 'check' && isFullCheck(digest);
  applyHealthy(known, digest, isFull);
  // A check of everything replaces what was known to be wrong with the node.
  for (const { instanceId } of isFull ? digest.notes : []) known.delete(instanceId);
  for (const note of digest.notes) {
    if (meaningOf(note.outcome).isWorking) clear(known, note.instanceId, note.remediation);
    else set(known, { ...note, runId: digest.runId });
  }
};

const rankOf = (outcome: Outcome): number => Outcome.options.indexOf(outcome);

/** How many nodes have each worst outcome, of those that have a note. */
const notedIn = (notes: readonly NodeNote[]): OutcomeCounts => {
  const worst = new Map<string, Outcome>();
  for (const { instanceId, outcome } of notes) {
    const before = worst.get(instanceId);
    if (before === undefined || rankOf(outcome) < rankOf(before)) worst.set(instanceId, outcome);
  }
  return [...worst.values()].reduce<OutcomeCounts>((counts, outcome) => withCounts(counts, { [outcome]: 1 }), {});
};

/** How many nodes of the sweep have each outcome and no note. */
const unnotedOf = (sweep: readonly RunDigest[], settled: readonly SeenNote[]): OutcomeCounts => {
  const noted = sweep.map(({ notes }) => notedIn(notes));
  const sum = (counts: readonly OutcomeCounts[], outcome: Outcome): number =>
    counts.reduce((total, { [outcome]: count = 0 }) => total + count, 0);
  const all = sweep.map(({ counts }): OutcomeCounts => counts);
  return Object.fromEntries(
    Outcome.options.flatMap((outcome) => {
      const { isWorking, hasSkipReason } = meaningOf(outcome);
      const read = settled.filter((note) => note.outcome === outcome).length;
      const left = isWorking || hasSkipReason ? 0 : sum(all, outcome) - sum(noted, outcome) - read;
      return left > 0 ? [[outcome, left]] : [];
    }),
  );
};

/** The nodes that a check of everything has looked at. */
const checkedBy = (digest: RunDigest): readonly string[] =>
  digest.action === 'check' && isFullCheck(digest)
    ? [...(digest.healthy ?? []), ...digest.notes.map(({ instanceId }) => instanceId)]
    : [];

/**
 * The present state of a cluster: what its last sweep found, and what each run has changed since. `sweep` are the runs of
 * that sweep, `settled` the results of its nodes that got no command, `later` the runs that ended after it had begun.
 */
export const presentState = (
  sweep: readonly RunDigest[],
  settled: readonly SeenNote[],
  later: readonly RunDigest[],
): Present => {
  const known: Known = new Map();
  const own = new Set(sweep.map(({ runId }) => runId));
  for (const digest of sweep) apply(known, digest);
  for (const note of settled) set(known, note);
  const since = later.filter(({ runId }) => !own.has(runId)).toSorted((a, b) => a.endedAt.localeCompare(b.endedAt));
  for (const digest of since) apply(known, digest);
  const notes = [...known.values()]
    .flatMap((byRemediation) =>
      [...byRemediation.values()].toSorted((a, b) => rankOf(a.outcome) - rankOf(b.outcome)).slice(0, 1),
    )
    .toSorted((a, b) => a.instanceId.localeCompare(b.instanceId));
  const outcomes = notes.reduce<OutcomeCounts>(
    (counts, { outcome }) => withCounts(counts, { [outcome]: 1 }),
    unnotedOf(sweep, settled),
  );
  const swept = sweep.reduce((sum, { counts }) => sum + Object.values(counts).reduce((n, count) => n + count, 0), 0);
  const checked = new Set(since.flatMap(checkedBy));
  const nodes = sweep.length === 0 ? checked.size : swept;
  return {
    notes,
    outcomes,
    nodes: sweep.length === 0 && nodes === 0 ? undefined : nodes,
    more: [...sweep, ...since].reduce((sum, { more = 0 }) => sum + more, 0),
  };
};
