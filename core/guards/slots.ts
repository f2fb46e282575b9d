import type { ClusterState, SlotEntry } from '../state/cluster-state.ts';

/** The part of a cluster's state that shares out its budget. */
export type SlotLedger = Pick<ClusterState, 'slots' | 'disruptive'>;

/** A run that asks for slots, or gives them back. */
export type SlotHolder = Pick<SlotEntry, 'lane' | 'until' | 'sentAt' | 'runVersion'> & { readonly runId: string };

/** What is known about the holders of slots. */
export type SlotContext = {
  readonly now: string;
  /** Runs that have ended, or were never stored: what they hold is free. */
  readonly ended: ReadonlySet<string>;
};

/** Removes what nobody holds any more: the slots past their time, and those and the claim of runs that have ended. */
export const pruned = <Ledger extends SlotLedger>(ledger: Ledger, { now, ended }: SlotContext): Ledger => {
  const slots = Object.fromEntries(
    Object.entries(ledger.slots).filter(([runId, { until }]) => until > now && !ended.has(runId)),
  );
  const { disruptive, ...rest } = { ...ledger, slots };
  return disruptive === undefined || ended.has(disruptive.runId) ? (rest as Ledger) : { ...ledger, slots };
};

/** How many slots a run holds. */
export const slotsOf = ({ slots }: SlotLedger, runId: string): number => slots[runId]?.count ?? 0;

/** How many slots all runs hold. */
export const slotsHeld = ({ slots }: SlotLedger): number =>
  Object.values(slots).reduce((sum, { count }) => sum + count, 0);

/** Whether an entry is the work of a later state of its run: a writer with an older one must not change it. */
const isOutdated = ({ slots }: SlotLedger, { runId, runVersion }: SlotHolder): boolean =>
  (slots[runId]?.runVersion ?? 0) > runVersion;

const withEntry = <Ledger extends SlotLedger>(ledger: Ledger, holder: SlotHolder, count: number): Ledger => {
  const { runId, ...entry } = holder;
  const { [runId]: own, ...others } = ledger.slots;
  return { ...ledger, slots: count === 0 ? others : { ...others, [runId]: { ...entry, count } } };
};

/**
 * Gives a run as many slots as it wants, or as many as the budget leaves. A number that is smaller than the one it holds
 * gives slots back; a larger one never takes those of another run. The number is absolute: writing it again after a
 * crash changes nothing.
 */
export const reserve = <Ledger extends SlotLedger>(
  ledger: Ledger,
  holder: SlotHolder,
  wanted: number,
  budget: number,
  context: SlotContext,
): Ledger => {
  const current = pruned(ledger, context);
  if (isOutdated(current, holder)) return current;
  const own = slotsOf(current, holder.runId);
  const free = Math.max(0, budget - slotsHeld(current));
  return withEntry(current, holder, Math.min(wanted, own + free));
};

/** Claims the cluster for a run of a disruptive lane; unchanged where another run has it. */
export const claim = <Ledger extends SlotLedger>(
  ledger: Ledger,
  { lane, runId }: Pick<SlotHolder, 'lane' | 'runId'>,
  context: SlotContext,
): Ledger => {
  const current = pruned(ledger, context);
  return current.disruptive === undefined ? { ...current, disruptive: { lane, runId } } : current;
};

/** Whether a run has the cluster for its disruptive lane. */
export const hasClaim = ({ disruptive }: SlotLedger, runId: string): boolean => disruptive?.runId === runId;

/** Ends a run's claim; unchanged where another run has the cluster. */
export const endClaim = <Ledger extends SlotLedger>(ledger: Ledger, runId: string): Ledger => {
  if (!hasClaim(ledger, runId)) return ledger;
  const { disruptive, ...rest } = ledger;
  return rest as Ledger;
};
