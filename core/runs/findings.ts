import type { Cause } from '../model/because.ts';
import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { checkLaneName, laneName } from '../model/lane-name.ts';
import type { Limits } from '../model/policy.ts';
import type { ObservationRow } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import { CHECK_SOURCE } from '../state/pending-node.ts';
import type { Tally } from '../state/results.ts';
import { isSweep, type RunState } from '../state/run-state.ts';
import { becausesOfLooks } from './last-looks.ts';
import { askForCheck, enqueueOf, handedBack, merged, parentOf } from './outbox.ts';

/** The policy for findings: the remediations that may repair, and the reasons that no repair can fix. */
export type Known = { readonly repairable: ReadonlySet<string>; readonly unrepairable: ReadonlySet<string> };

/** A finding leads back to the run that made it. It was detected as late as that run looked at the node. */
const findingCause = (run: RunState, instanceId: string): Cause => {
  const { detectedWithinSeconds } = becausesOfLooks(run, [instanceId])[instanceId] ?? run.because;
  return { kind: 'finding', parent: parentOf(run), ...defined({ detectedWithinSeconds }) };
};

/** The findings of a check on one node that may lead to a repair. */
const repairableOf = (tally: Tally, known: Known): readonly (readonly [string, string])[] =>
  (tally.findings ?? []).filter(
    ([remediation, reason]) => known.repairable.has(remediation) && !known.unrepairable.has(reason),
  );

/**
 * Enqueues the findings of a part of a check on one node in the lanes that the policy allows to repair. Each finding has the
 * time of the part that found it: with a later time, it would remain valid after a repair that ran in between.
 */
export const findingsOf = (run: RunState, instanceId: string, tally: Tally, known: Known): OutboxEntry[] =>
  repairableOf(tally, known).map(([remediation, reason]) => ({
    kind: 'enqueue',
    lane: laneName(run.cluster, remediation),
    reason,
    ...defined({ image: tally.image, localMethod: tally.localMethod }),
    source: CHECK_SOURCE,
    because: findingCause(run, instanceId),
    nodes: [[instanceId, tally.at]],
  }));

const lastAt = (parts: readonly ObservationRow[]): string =>
  parts.reduce((last, part) => (part.at > last.at ? part : last)).at;

/**
 * Hands back the nodes on which SSM did not run the command: those of a repair wait in its lane again, and a check is asked
 * for again. A sweep looks at its nodes once more by itself.
 */
export const notRunOf = (
  run: RunState,
  tallies: Readonly<Record<string, Tally>>,
  parts: readonly ObservationRow[],
  limits: Limits,
): OutboxEntry[] => {
  const notBefore = isoTime(epochMs(lastAt(parts)) + limits.repairSoftDeadlineSeconds * 1000);
  const entries = Object.entries(tallies).flatMap(([instanceId, tally]): OutboxEntry[] => {
    if (tally.ranNowhere !== true) return [];
    if (run.action === 'repair') {
      const news = { ...handedBack(run), reason: 'CommandNotDelivered', source: 'fleetmend.run', notBefore };
      return enqueueOf([instanceId], news, tally.at);
    }
    if (isSweep(run)) return [];
    return askForCheck(run, [instanceId], 'CommandNotDelivered', tally.at).map((entry) => ({ ...entry, notBefore }));
  });
  return merged(entries);
};

/**
 * Requests another check of nodes that could not be repaired or checked yet: a remediation is blocked by the fault of an
 * earlier one (`BlockedBy`), or another document was running (`Busy`). The command has already removed the pending node,
 * so without this check the fault would be lost until the next sweep. A check requests another one only if it requested
 * the repair of the earlier fault or the node was busy: repeated checks of a node that may not be repaired are useless.
 */
export const waitingOf = (
  run: RunState,
  tallies: Readonly<Record<string, Tally>>,
  parts: readonly ObservationRow[],
  known: Known,
  limits: Limits,
): OutboxEntry[] => {
  // A check that was itself a second check waits for the cool-down of a failed repair before the next one.
  const isSecondLook = run.action === 'check' && run.lane !== undefined && run.slice === undefined;
  const seconds = isSecondLook ? limits.coolDownSeconds : limits.repairSoftDeadlineSeconds;
  const entries = Object.entries(tallies).flatMap(([instanceId, tally]): OutboxEntry[] => {
    if (tally.waits !== true) return [];
    // A part that was blocked by another document has no findings, whatever the other parts found.
    const isBusy = parts.some(({ nodes }) => nodes[instanceId]?.skipReason === 'Busy');
    const isWorthwhile = run.action === 'repair' || isBusy || repairableOf(tally, known).length > 0;
    if (!isWorthwhile) return [];
    const skipReason = isBusy ? 'Busy' : (tally.skipReason ?? 'BlockedBy');
    // Nothing has requested the repair of the earlier fault that blocked this one: the check finds and enqueues it.
    const isDelayed = run.action === 'check' || skipReason === 'Busy';
    const notBefore = isoTime(epochMs(lastAt(parts)) + seconds * 1000);
    const news = {
      lane: checkLaneName(run.cluster),
      reason: skipReason,
      source: 'fleetmend.run',
      because: findingCause(run, instanceId),
    };
    return enqueueOf([instanceId], isDelayed ? { ...news, notBefore } : news, tally.at);
  });
  return merged(entries);
};
