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

/** Something that a run has seen, and when: what was seen later replaces it, in whatever order the runs end. */
type Sight = { readonly at: string; readonly apply: (known: Known) => void };

/** When a run began to look. */
const beganAt = ({ startedAt, createdAt }: Pick<RunDigest, 'startedAt' | 'createdAt'>): string =>
  startedAt ?? createdAt;

/** A digest has no time for a healthy node: what another run has seen on it since this one began may be newer, and stays. */
const healthyIn = (digest: RunDigest, isFull: boolean): Sight => ({
  at: beganAt(digest),
  apply: (known) => {
    for (const id of digest.healthy ?? []) {
      if (isFull) known.delete(id);
      else clear(known, id, digest.remediation);
    }
  },
});

const noteIn = ({ runId }: RunDigest, note: NodeNote): Sight => ({
  at: note.at,
  apply: (known) => {
    if (meaningOf(note.outcome).isWorking) clear(known, note.instanceId, note.remediation);
    else set(known, { ...note, runId });
  },
});

const sightsOf = (digest: RunDigest): readonly Sight[] => {
  const isFull = digest.action === 'check' && isFullCheck(digest);
  const notes = [...Map.groupBy(digest.notes, ({ instanceId }) => instanceId)].flatMap(([instanceId, own]) => {
    return own.map((note, i): Sight => {
      const sight = noteIn(digest, note);
      if (!isFull || i > 0) return sight;
      // A check of everything replaces what was known to be wrong with the node.
      const apply: Sight['apply'] = (known) => {
        known.delete(instanceId);
        sight.apply(known);
      };
      return { at: sight.at, apply };
    });
  });
  return [healthyIn(digest, isFull), ...notes];
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
 * that sweep, `later` the runs that ended after it had begun, `settled` the results of their nodes that got no command. What was
 * seen on a node last counts, whenever the run that saw it has ended.
 */
export const presentState = (
  sweep: readonly RunDigest[],
  settled: readonly SeenNote[],
  later: readonly RunDigest[],
): Present => {
  const known: Known = new Map();
  const own = new Set(sweep.map(({ runId }) => runId));
  const since = later
    .filter(({ runId }) => !own.has(runId))
    .toSorted((a, b) => a.endedAt.localeCompare(b.endedAt) || a.runId.localeCompare(b.runId));
  // The sweep has looked at every node since: what was seen before it is no longer known.
  const began = sweep.map(beganAt).toSorted()[0] ?? '';
  const sights = [
    ...sweep.flatMap(sightsOf),
    ...settled.map((note): Sight => ({ at: note.at, apply: (all) => set(all, note) })),
    ...since.flatMap(sightsOf).filter(({ at }) => at >= began),
  ];
  for (const { apply } of sights.toSorted((a, b) => a.at.localeCompare(b.at))) apply(known);
  const notes = [...known.values()]
    .flatMap((byRemediation) =>
      [...byRemediation.values()].toSorted((a, b) => rankOf(a.outcome) - rankOf(b.outcome)).slice(0, 1),
    )
    .toSorted((a, b) => a.instanceId.localeCompare(b.instanceId));
  const outcomes = notes.reduce<OutcomeCounts>(
    (counts, { outcome }) => withCounts(counts, { [outcome]: 1 }),
    unnotedOf(
      sweep,
      settled.filter(({ runId }) => own.has(runId)),
    ),
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
