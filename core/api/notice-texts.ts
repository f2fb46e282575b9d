import * as z from 'zod';
import { epochMs, IsoTime, isoTime } from '../model/ids.ts';
import { type Line, line, type Notice, type NoticeStatus, type Send } from './notice.ts';
import { nodeNotices, RunEnded, runNotice } from './notice-nodes.ts';

const Name = z.string().optional();
/** What the events have in common. Fields that an event lacks are not shown. */
const Detail = z.looseObject({
  id: z.string().default('unknown'),
  cluster: Name,
  remediation: Name,
  document: Name,
  lane: Name,
  runId: Name,
  message: Name,
  openUntil: Name,
  openings: z.number().optional(),
  until: Name,
  instanceId: Name,
  advice: Name,
  by: Name,
  reason: Name,
  scope: Name,
  covers: Name,
  noticeId: Name,
});
type Detail = z.infer<typeof Detail>;

const UNKNOWN = 'unknown';

/** A line, where the event has its value. */
const maybe = (value: string | undefined, of: (value: string) => Line): readonly Line[] =>
  value === undefined ? [] : [of(value)];

const placeOf = ({ cluster }: Detail) => (cluster === undefined ? {} : { cluster });
/** `shop/pause-image`, or the document where the remediation is not known. */
const laneOf = ({ cluster = UNKNOWN, remediation, document = UNKNOWN }: Detail): string =>
  `${cluster}/${remediation ?? document}`;
const authorOf = ({ by, reason }: Detail): readonly Line[] => [
  ...maybe(by, (who) => line`By ${who}`),
  ...maybe(reason, (why) => line`Reason: ${why}`),
];

/** Each document has a breaker of its own, and not every event about it names the remediation. */
const breakerKey = ({ cluster = UNKNOWN, document, remediation = UNKNOWN }: Detail): string =>
  `breaker/${cluster}/${document ?? remediation}`;

/** What an event says to people. */
type Teller = (detail: Detail) => Omit<Notice, 'id'>;

const breaker =
  (status: 'firing' | 'resolved'): Teller =>
  (detail) => ({
    kind: status === 'firing' ? 'breaker-opened' : 'breaker-closed',
    severity: status === 'firing' ? 'critical' : 'info',
    status,
    ...placeOf(detail),
    dedupKey: breakerKey(detail),
    title:
      status === 'firing'
        ? line`Repairs of ${laneOf(detail)} were stopped: the circuit breaker opened`
        : line`Repairs of ${laneOf(detail)} work again: the circuit breaker closed`,
    text: [
      ...maybe(detail.openUntil, (until) => line`Open until ${until}; then the repairs begin again with canaries`),
      ...(detail.openings === undefined || detail.openings < 2 ? [] : [line`Opened ${detail.openings} times in a row`]),
      ...maybe(detail.document, (name) => line`Document ${name}`),
      ...maybe(detail.runId, (runId) => line`Run ${runId}`),
    ],
    next: status === 'firing' ? [line`fleetmend explain ${laneOf(detail)}`] : [],
  });

const registryHold =
  (status: 'firing' | 'resolved'): Teller =>
  (detail) => ({
    kind: status === 'firing' ? 'registry-hold' : 'registry-hold-ended',
    severity: status === 'firing' ? 'warning' : 'info',
    status,
    ...placeOf(detail),
    dedupKey: `registry/${laneOf(detail)}`,
    title:
      status === 'firing'
        ? line`A registry does not answer the nodes of ${laneOf(detail)}`
        : line`The registry answers the nodes of ${laneOf(detail)} again`,
    text: [
      ...maybe(detail.message, (message) => line`${message}`),
      ...maybe(detail.until, (until) => line`Nodes that need it wait until ${until}`),
    ],
    next: status === 'firing' ? [line`fleetmend explain ${laneOf(detail)}`] : [],
  });

const quarantine =
  (status: 'firing' | 'resolved'): Teller =>
  (detail) => {
    const { cluster = UNKNOWN, instanceId = UNKNOWN, remediation = UNKNOWN, advice } = detail;
    return {
      kind: status === 'firing' ? 'node-quarantined' : 'node-released',
      severity: status === 'firing' ? 'warning' : 'info',
      status,
      ...placeOf(detail),
      // Each remediation has a quarantine of its own.
      dedupKey: `quarantine/${cluster}/${instanceId}/${remediation}`,
      title:
        status === 'firing'
          ? line`${cluster}: node ${instanceId} is in quarantine, its repairs keep failing`
          : line`${cluster}: the quarantine of node ${instanceId} has ended, ${remediation} may repair it again`,
      text: [
        ...(status === 'firing' ? [line`No repair by ${remediation} until somebody releases or replaces it`] : []),
        ...maybe(advice, (text) => line`${text}`),
        ...authorOf(detail),
      ],
      next:
        status === 'firing'
          ? [
              line`fleetmend explain ${instanceId} -c ${cluster}`,
              line`fleetmend release ${instanceId} -c ${cluster} --reason "cause removed"`,
            ]
          : [],
    };
  };

const PAUSE = {
  paused: {
    status: 'firing',
    title: (where, covers) => line`${where}: paused (${covers})`,
    ends: (until) => line`Ends by itself at ${until}`,
    next: () => [],
  },
  'pause-ends-soon': {
    status: 'firing',
    title: (where, covers) => line`${where}: the pause (${covers}) ends soon`,
    ends: (until) => line`Ends by itself at ${until}; then work goes on`,
    next: (cluster) => [
      cluster === undefined
        ? line`fleetmend pause --all --for 2h --reason "takes longer"`
        : line`fleetmend pause -c ${cluster} --for 2h --reason "takes longer"`,
    ],
  },
  'pause-ended': {
    status: 'resolved',
    title: (where, covers) => line`${where}: the pause (${covers}) has ended by itself`,
    ends: (until) => line`Ended at ${until}. Work goes on, unless another pause holds it`,
    next: () => [line`fleetmend status`],
  },
  resumed: {
    status: 'resolved',
    title: (where) => line`${where}: the pause was lifted`,
    ends: (until) => line`Would have ended at ${until}`,
    next: () => [],
  },
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly status: NoticeStatus;
      readonly title: (where: string, covers: string) => Line;
      readonly ends: (until: string) => Line;
      readonly next: (cluster: string | undefined) => readonly Line[];
    }
  >
>;

/** The notices of a pause: all have one thread. */
const pause =
  (kind: keyof typeof PAUSE): Teller =>
  (detail) => {
    const { cluster, covers = 'repairs', until } = detail;
    const { status, title, ends, next } = PAUSE[kind];
    return {
      ...{ kind, severity: 'info', status },
      ...placeOf(detail),
      dedupKey: `pause/${cluster ?? 'all'}`,
      title: title(cluster ?? 'all clusters', covers),
      text: [...maybe(until, ends), ...authorOf(detail)],
      next: next(cluster),
    };
  };

const documentRefused: Teller = (detail) => ({
  kind: 'document-refused',
  severity: 'critical',
  status: 'firing',
  ...placeOf(detail),
  dedupKey: `document/${laneOf(detail)}`,
  title: line`${laneOf(detail)}: SSM has another document than the one that was built`,
  text: [
    line`Nothing was sent. Somebody may have tried to run a script of their own as root on nodes`,
    ...maybe(detail.message, (message) => line`${message}`),
    ...maybe(detail.runId, (runId) => line`Run ${runId}`),
  ],
  next: [line`docs/operating.md, Document refused: find out in CloudTrail who changed it, then make it again`],
});

const runStuck: Teller = (detail) => ({
  kind: 'run-stuck',
  severity: 'critical',
  status: 'firing',
  ...placeOf(detail),
  dedupKey: `stuck/${detail.runId ?? UNKNOWN}`,
  title: line`${laneOf(detail)}: a run was ended because its turns failed`,
  text: [
    ...maybe(detail.message, (message) => line`${message}`),
    ...maybe(detail.runId, (runId) => line`Run ${runId}. Its lane goes on`),
  ],
  next: maybe(detail.runId, (runId) => line`fleetmend explain ${runId}`),
});

const test: Teller = (detail) => ({
  kind: 'test',
  severity: 'info',
  status: 'told',
  dedupKey: `test/${detail.noticeId ?? UNKNOWN}`,
  title: line`Test of the notices`,
  text: [
    ...maybe(detail.message, (message) => line`${message}`),
    ...maybe(detail.noticeId, (noticeId) => line`Id ${noticeId}`),
    ...authorOf(detail),
  ],
  next: [],
});

const TELLERS: ReadonlyMap<string, Teller> = new Map([
  ['Breaker Opened', breaker('firing')],
  ['Breaker Closed', breaker('resolved')],
  ['Registry Hold', registryHold('firing')],
  ['Registry Hold Ended', registryHold('resolved')],
  ['Node Quarantined', quarantine('firing')],
  ['Node Released', quarantine('resolved')],
  ['Paused', pause('paused')],
  ['Pause Ends Soon', pause('pause-ends-soon')],
  ['Pause Ended', pause('pause-ended')],
  ['Resumed', pause('resumed')],
  ['Document Refused', documentRefused],
  ['Run Stuck', runStuck],
  ['Test Notice', test],
]);

/** The detail-types of the events that people are told about. */
export const TOLD_EVENTS: readonly string[] = ['Run Ended', ...TELLERS.keys()];

/** Whether a notice is sent: `problems` leaves out what begins without being one, and what is only told. */
const isSent = (send: Send, { kind, severity, status }: Notice): boolean =>
  kind === 'test' || send !== 'problems' || severity !== 'info' || (status === 'resolved' && !(kind in PAUSE));

/** When the thing that an event is about happened, by the event itself: it may come long after a later one. */
const Happened = z.looseObject({
  time: IsoTime.optional().catch(undefined),
  detail: z.looseObject({
    at: IsoTime.optional().catch(undefined),
    endedAt: IsoTime.optional().catch(undefined),
  }),
});

/** The time by which the messages about one thing are put in order; undefined where the event has none. */
export const happenedAt = (event: NoticeEvent): string | undefined => {
  const { time, detail } = Happened.parse(event);
  const at = detail.at ?? detail.endedAt ?? time;
  return at === undefined ? undefined : isoTime(epochMs(at));
};

/** An event of fleetmend's own, as far as it is read here. */
export const NoticeEvent = z.looseObject({ 'detail-type': z.string(), detail: z.looseObject({}) });
export type NoticeEvent = z.infer<typeof NoticeEvent>;

const noticesOf = ({ 'detail-type': detailType, detail }: NoticeEvent, send: Send): readonly Notice[] | undefined => {
  if (detailType === 'Run Ended') {
    const { data } = RunEnded.safeParse(detail);
    if (data === undefined) return undefined;
    const notices = nodeNotices(data);
    return notices.length === 0 && send === 'all' ? runNotice(data) : notices;
  }
  const { data } = Detail.safeParse(detail);
  const teller = TELLERS.get(detailType);
  return data === undefined || teller === undefined ? undefined : [{ id: data.id, ...teller(data) }];
};

/** The notices of an event that are sent; undefined where the event is none of those that people are told about. */
export const tellings = (event: NoticeEvent, send: Send): readonly Notice[] | undefined =>
  noticesOf(event, send)?.filter((notice) => isSent(send, notice));
