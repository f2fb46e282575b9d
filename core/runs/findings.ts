import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import { checkLaneName, laneName } from '../model/lane-name.ts';
import type { Limits } from '../model/policy.ts';
import type { ObservationRow } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import { CHECK_SOURCE } from '../state/pending-node.ts';
import type { Tally } from '../state/results.ts';
import type { RunState } from '../state/run-state.ts';
import { batchTallies } from './observation.ts';
import { enqueueOf, merged } from './outbox.ts';

/** What a finding's way depends on: remediations that policy lets repair, and reasons that none of them can repair. */
export type Known = { readonly repairable: ReadonlySet<string>; readonly unrepairable: ReadonlySet<string> };

/** What a check found of a node that may become a repair. */
const repairableOf = (tally: Tally, known: Known): readonly (readonly [string, string])[] =>
  (tally.findings ?? []).filter(
    ([remediation, reason]) => known.repairable.has(remediation) && !known.unrepairable.has(reason),
  );

/**
 * What a check found, handed to the lanes that policy lets repair. Each finding is as old as the part that found it: dated
 * later, it could outlive a repair that was made in between.
 */
export const findingsOf = (run: RunState, parts: readonly ObservationRow[], known: Known): OutboxEntry[] => {
  if (run.action !== 'check') return [];
  const entries = parts
    .flatMap((part) => Object.entries(batchTallies([part], run)))
    .flatMap(([instanceId, tally]) =>
      repairableOf(tally, known).map(
        ([remediation, reason]): OutboxEntry => ({
          kind: 'enqueue',
          lane: laneName(run.cluster, remediation),
          reason,
          ...defined({ image: tally.image, localMethod: tally.localMethod }),
          source: CHECK_SOURCE,
          nodes: [[instanceId, tally.at]],
        }),
      ),
    );
  return merged(entries);
};

/**
 * Asks for another check of nodes on which something waits: a remediation for the fault of an earlier one (`BlockedBy`),
 * or a document for another that was at work (`Busy`). Its own pending row has gone with the command, so without this
 * the fault would be lost until the next sweep. A check does so only where the earlier fault's repair was asked for just
 * now or the node was busy: a node that nobody may repair is no reason to look again and again.
 */
export const waitingOf = (
  run: RunState,
  tallies: Readonly<Record<string, Tally>>,
  parts: readonly ObservationRow[],
  known: Known,
  limits: Limits,
): OutboxEntry[] => {
  const seenAt =
    parts
      .map((part) => part.at)
      .toSorted()
      .at(-1) ?? '';
  // A check that was itself such a second look waits as long as a failed repair does before it is tried again.
  const isSecondLook = run.action === 'check' && run.origin.source === 'signal';
  const seconds = isSecondLook ? limits.coolDownSeconds : limits.repairSoftDeadlineSeconds;
  const entries = Object.entries(tallies).flatMap(([instanceId, tally]): OutboxEntry[] => {
    if (tally.waits !== true) return [];
    // What a part that met another document would have found is not known, whatever the others found.
    const isBusy = parts.some(({ nodes }) => nodes[instanceId]?.skipReason === 'Busy');
    const isWorthwhile = run.action === 'repair' || isBusy || repairableOf(tally, known).length > 0;
    if (!isWorthwhile) return [];
    const skipReason = isBusy ? 'Busy' : (tally.skipReason ?? 'BlockedBy');
    // A repair that was blocked knows of no one who repairs the earlier fault: the check finds it, and asks for that.
    const isDelayed = run.action === 'check' || skipReason === 'Busy';
    const notBefore = isoTime(epochMs(seenAt) + seconds * 1000);
    const news = { lane: checkLaneName(run.cluster), reason: skipReason, source: 'fleetmend.run' };
    return enqueueOf([instanceId], isDelayed ? { ...news, notBefore } : news, tally.at);
  });
  return merged(entries);
};
