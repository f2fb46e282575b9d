import { defined } from '../model/defined.ts';
import { epochMs, isoTime } from '../model/ids.ts';
import type { PauseRow } from '../state/cluster-state.ts';
import type { NodeStateRow } from '../state/node-state.ts';
import type { NoticeRow } from '../state/notice-row.ts';
import type { TrustRow } from '../state/trust-state.ts';
import type { ReleaseRow } from './request.ts';

/** The detail-type of the notice that a breaker has opened; runs send it too. */
export const BREAKER_OPENED = 'Breaker Opened';

/** The detail-types of the notices that are stored with what they are about. */
export const STATE_NOTICES = {
  quarantined: 'Node Quarantined',
  released: 'Node Released',
  paused: 'Paused',
  resumed: 'Resumed',
  pauseEndsSoon: 'Pause Ends Soon',
  pauseEnded: 'Pause Ended',
  breakerOpened: BREAKER_OPENED,
} as const;

/** How long before the end of a pause people are told; a pause of less than twice this has just told its end itself. */
const NOTICE_BEFORE_MS = 15 * 60_000;

const CLUSTER = 'CLUSTER#';

const due = (notice: Omit<NoticeRow, 'dueAt' | 'key'> & { readonly key?: string }): NoticeRow => ({
  key: notice.id,
  ...notice,
  dueAt: notice.at,
});

/** The notices of a pause or of a resume. `gone` are the keys of those that do not come any more. */
export type PauseNotices = { readonly notices: readonly NoticeRow[]; readonly gone: readonly string[] };

/**
 * The notices of a pause: that it begins, that it ends soon, and that it has ended. The last two are stored under keys of
 * the scope, so that a later pause, or a resume, takes them back.
 */
export const pauseNotices = (row: PauseRow, id: string): PauseNotices => {
  const { scope, state, covers, until, at, by, reason } = row;
  const [soonKey, endedKey] = [`pause-ends-soon/${scope}`, `pause-ended/${scope}`] as const;
  const where = defined({ cluster: scope.startsWith(CLUSTER) ? scope.slice(CLUSTER.length) : undefined });
  const why = { by, reason };
  if (state === 'resumed')
    return {
      notices: [due({ id, detailType: STATE_NOTICES.resumed, detail: { ...where, ...why }, at })],
      gone: [soonKey, endedKey],
    };
  const detail = { ...where, covers, ...defined({ until }), ...why };
  const begun = due({ id, detailType: STATE_NOTICES.paused, detail, at });
  if (until === undefined) return { notices: [begun], gone: [soonKey, endedKey] };
  const ended = due({ key: endedKey, id: `${id}/ended`, detailType: STATE_NOTICES.pauseEnded, detail, at: until });
  if (epochMs(until) - epochMs(at) < 2 * NOTICE_BEFORE_MS) return { notices: [begun, ended], gone: [soonKey] };
  const soonAt = isoTime(epochMs(until) - NOTICE_BEFORE_MS);
  const soon = due({ key: soonKey, id: `${id}/soon`, detailType: STATE_NOTICES.pauseEndsSoon, detail, at: soonAt });
  return { notices: [begun, soon, ended], gone: [] };
};

/** The notice that the quarantine of a node has ended. */
export const releaseNotice = ({
  instanceId,
  cluster,
  remediation,
  quarantinedAt,
  at,
  by,
  reason,
}: ReleaseRow): NoticeRow =>
  due({
    id: `released/${instanceId}/${remediation}/${quarantinedAt}`,
    detailType: STATE_NOTICES.released,
    detail: { instanceId, cluster, remediation, by, reason },
    at,
  });

/** What led to a quarantine: the result of a run. */
export type QuarantineCause = { readonly runId: string; readonly at: string; readonly reason?: string | undefined };

/** The notice that a node went into quarantine, with the advice for people. */
export const quarantineNotice = (
  { instanceId, cluster, remediation }: Pick<NodeStateRow, 'instanceId' | 'cluster' | 'remediation'>,
  { runId, at, reason }: QuarantineCause,
  advice: string,
): NoticeRow =>
  due({
    id: `${runId}/quarantined/${instanceId}`,
    detailType: STATE_NOTICES.quarantined,
    detail: { instanceId, cluster, remediation, advice, ...defined({ reason }) },
    at,
  });

/** The notice about the breaker that opened because the experience with a document cannot be read. */
export const unreadTrustNotice = ({ document, cluster, breaker }: TrustRow, at: string): NoticeRow =>
  due({
    id: `${document}/${cluster}/${at}`,
    detailType: STATE_NOTICES.breakerOpened,
    detail: { document, cluster, ...breaker },
    at,
  });
