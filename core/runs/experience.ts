import { isShort } from '../guards/holds.ts';
import { endOf, type Final, isTripped, newTrust, openingOf, withResults } from '../guards/trust.ts';
import type { Limits } from '../model/policy.ts';
import type { CommandState, ObservationRow } from '../state/command-state.ts';
import type { OutboxEntry } from '../state/outbox-entry.ts';
import type { RunState } from '../state/run-state.ts';
import type { TrustRow } from '../state/trust-state.ts';
import { batchTallies } from './batch-results.ts';
import { isNews } from './command.ts';

/** What is known of the documents of a repair, in its cluster and elsewhere. */
export type TrustSeen = {
  /** The rows of this cluster by document; a document without a row has no experience. */
  readonly trust: ReadonlyMap<string, TrustRow>;
  /** In how many other clusters the breaker of the document is open or has not closed again. */
  readonly openElsewhere: number;
  readonly clusterNodes: number;
  readonly nodeLocal: ReadonlySet<string>;
};

/** The experience with a document before and after a step. */
export type TrustChange = { readonly before: TrustRow; readonly after: TrustRow };

/** The row of a document in the run's cluster. */
export const trustIn = ({ trust }: Pick<TrustSeen, 'trust'>, document: string, cluster: string): TrustRow =>
  trust.get(document) ?? newTrust(document, cluster);

/**
 * The nodes of a command that have their final reading by an observation, and had none before, or only an assumed one. What was
 * known of the others is no new proof: with the time of this observation, it would close a breaker that has opened since.
 */
const newlyFinal = (command: CommandState, seen: ObservationRow): readonly string[] => {
  if (!isNews(command, seen)) return [];
  const { open, instanceIds } = command;
  // A command that an earlier version has closed does not say which of its readings were assumed.
  const before = open ?? (instanceIds.length > 0 ? instanceIds : Object.keys(seen.nodes));
  return before.filter((id) => !seen.open.includes(id));
};

const finalsOf = (
  run: RunState,
  command: CommandState,
  seen: ObservationRow,
  nodeLocal: ReadonlySet<string>,
): Final[] => {
  const final = new Set(newlyFinal(command, seen));
  return Object.entries(batchTallies([seen], run)).flatMap(([instanceId, tally]) =>
    final.has(instanceId)
      ? [
          {
            instanceId,
            runId: run.runId,
            at: seen.at,
            end: endOf(tally, nodeLocal),
            isCanary: command.isCanary === true,
          },
        ]
      : [],
  );
};

/** What the observations of a repair add to the experience with its documents. A failure may open the breaker. */
export const experienceOf = (
  run: RunState,
  observations: readonly ObservationRow[],
  known: TrustSeen,
  now: string,
  limits: Limits,
): readonly TrustChange[] => {
  if (run.action === 'check') return [];
  const finals = run.commands.flatMap((command) => {
    const seen = observations.find(({ key }) => key === command.key);
    const { documentName } = command;
    if (seen === undefined || documentName === undefined) return [];
    return finalsOf(run, command, seen, known.nodeLocal).map((final) => ({ documentName, final }));
  });
  return [...Map.groupBy(finals, ({ documentName }) => documentName)].flatMap(([documentName, group]) => {
    const before = trustIn(known, documentName, run.cluster);
    const results = withResults(
      before,
      group.map(({ final }) => final),
      now,
    );
    const { runId } = run;
    const { clusterNodes, openElsewhere } = known;
    const breaker = openingOf(results, { runId, clusterNodes, openElsewhere }, now, limits);
    const after = breaker === undefined ? results : { ...results, breaker };
    return JSON.stringify(after) === JSON.stringify(before) ? [] : [{ before, after }];
  });
};

/** Whether the breaker has opened by this change. */
export const hasOpened = ({ before, after }: TrustChange): boolean =>
  after.breaker !== undefined && after.breaker.openedAt !== before.breaker?.openedAt;

/** Whether the breaker has closed again by this change. */
export const hasClosed = ({ before, after }: TrustChange, now: string, limits: Limits): boolean =>
  isTripped(before, now, limits) && !isTripped(after, now, limits);

/** The notices of the breakers that a step of a run has opened or closed. */
export const breakerNotices = (
  run: RunState,
  changes: readonly TrustChange[],
  now: string,
  limits: Limits,
): OutboxEntry[] =>
  changes.flatMap((change): OutboxEntry[] => {
    const { document, breaker } = change.after;
    const { runId, cluster, remediation } = run;
    const about = { lane: run.lane ?? run.group, cluster, remediation, document, runId };
    const notice = { kind: 'notice', id: `${runId}/breaker/${document}`, at: now } as const;
    // Nobody needs to know of a breaker that is open for seconds.
    if (breaker !== undefined && isShort(breaker.openUntil, breaker.openedAt)) return [];
    if (breaker !== undefined && hasOpened(change)) {
      const { openUntil, openings } = breaker;
      return [{ ...notice, detailType: 'Breaker Opened', detail: { ...about, openUntil, openings } }];
    }
    // One run cannot open a breaker and close it.
    return hasClosed(change, now, limits) ? [{ ...notice, detailType: 'Breaker Closed', detail: about }] : [];
  });
