import type { Because } from '../model/because.ts';
import { defined } from '../model/defined.ts';
import { epochMs } from '../model/ids.ts';
import { meaningOf } from '../model/outcome.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import type { PendingNode } from '../state/pending-node.ts';
import type { ResultRow } from '../state/results.ts';
import type { NodeEvent } from './explain.ts';
import type { ReleaseRow } from './request.ts';

/** What the audit table has about one node. */
export type NodeHistory = {
  readonly results: readonly ResultRow[];
  readonly releases: readonly ReleaseRow[];
  readonly states: readonly NodeStateRow[];
  readonly rows: readonly PendingNode[];
};

const eventOf = ({ action, outcome }: ResultRow): NodeEvent['event'] => {
  const { hasSkipReason, isRepaired } = meaningOf(outcome);
  if (hasSkipReason) return 'decided';
  if (action === 'check') return 'checked';
  return isRepaired ? 'repaired' : 'failed';
};

/** When a node that gave no answer is looked at next, in words. */
const lookText = ({ what, by }: NonNullable<ResultRow['nextLook']>): string =>
  by === undefined ? what : `next look: ${what}, by ${by}`;

const REPORTS: Readonly<Record<Because['kind'], string>> = {
  ...{ log: 'log line', alarm: 'alarm', sweep: 'sweep', finding: 'finding of a check', operator: 'request' },
  ...{ event: 'event', 'new-node': 'new node', relapse: 'fault after a repair' },
};

/** What led to a result, in words: the person, the run behind it, or the sender. */
const reportText = ({ kind, source, by, parent }: Because): string => {
  if (by !== undefined) return `asked for by ${by}`;
  const { [kind]: what } = REPORTS;
  return parent?.runId === undefined ? `${what}, from ${source}` : `${what}: ${parent.runId}`;
};

const ofResult = (row: ResultRow): readonly NodeEvent[] => {
  const { instanceId, because, startedAt, endedAt, remediation, outcome, skipReason, reason, runId, commandId } = row;
  const seconds = startedAt === undefined ? undefined : (epochMs(endedAt) - epochMs(startedAt)) / 1000;
  const decided = (row.decisions ?? []).map(
    (decision): NodeEvent => ({
      ...{ kind: 'event', instanceId, at: endedAt, event: 'decided', text: decision.message, runId },
      ...{
        remediation: decision.remediation,
        skipReason: decision.skipReason,
        ...defined({ reason: decision.reason }),
      },
    }),
  );
  const text = row.nextLook === undefined ? row.message : `${row.message}; ${lookText(row.nextLook)}`;
  const event: NodeEvent = {
    ...{ kind: 'event', instanceId, at: endedAt, event: eventOf(row), text, remediation, outcome, runId },
    ...defined({ skipReason, reason, commandId, because, seconds }),
  };
  // The newest first: a decision comes after what it is about.
  const own = [...decided, event];
  if (because === undefined) return own;
  const { kind, count, sample } = because;
  const words = sample === undefined ? '' : `: ${sample}`;
  const reported = kind === 'operator' || kind === 'sweep' ? 'asked' : 'detected';
  const times = count === 1 ? '' : `, ${count} times`;
  return [
    ...own,
    {
      ...{ kind: 'event', instanceId, at: because.firstSeenAt, event: reported },
      ...{ text: `${reportText(because)}${times}${words}`, remediation, because },
    },
  ];
};

/** The events of a node, the newest first, each once. */
export const timelineOf = ({ results, releases, states, rows }: NodeHistory): readonly NodeEvent[] => {
  const events: readonly NodeEvent[] = [
    ...results.flatMap(ofResult),
    ...releases.map(
      ({ instanceId, at, by, reason, remediation }): NodeEvent => ({
        ...{ kind: 'event', instanceId, at, event: 'released', text: `released by ${by}: ${reason}`, remediation },
      }),
    ),
    ...states.flatMap(({ instanceId, remediation, quarantinedAt: at, quarantineAdvice }): readonly NodeEvent[] =>
      at === undefined
        ? []
        : [
            {
              kind: 'event',
              instanceId,
              at,
              event: 'quarantined',
              text: `quarantined: ${quarantineAdvice ?? 'its repairs have failed too often'}`,
              remediation,
            },
          ],
    ),
    ...rows.map(({ instanceId, lane, firstSeenAt: at, reason, notBefore }): NodeEvent => {
      const until = notBefore === undefined ? '' : ` until ${notBefore}`;
      return { kind: 'event', instanceId, at, event: 'waiting', text: `waits in ${lane}${until}: ${reason}`, reason };
    }),
  ];
  const once = new Map(events.map((event) => [`${event.at} ${event.event} ${event.text}`, event]));
  return [...once.values()].toSorted((a, b) => b.at.localeCompare(a.at));
};
