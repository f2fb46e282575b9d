import * as z from 'zod';
import { CHANGES, type ChangeName } from '../runs/changes.ts';
import { type Line, line, type Notice, type NoticeStatus, type Severity } from './notice.ts';

const Change = z.looseObject({
  change: z.enum(CHANGES),
  instanceId: z.string(),
  outcome: z.string().optional(),
  reason: z.string().optional(),
  remediation: z.string().optional(),
});
type Change = z.infer<typeof Change>;

/** What the notice of a run's end says, as far as people are told about it. */
export const RunEnded = z.looseObject({
  id: z.string().default('unknown'),
  runId: z.string(),
  cluster: z.string(),
  remediation: z.string(),
  action: z.string(),
  because: z.string().default('unknown'),
  end: z.string().default('Done'),
  counts: z.record(z.string(), z.number()).default({}),
  changes: z.array(Change).default([]),
  /** How many nodes have changed, those that `changes` has no room for too. */
  changed: z.number().int().default(0),
});
export type RunEnded = z.infer<typeof RunEnded>;

/** Up to so many nodes have a message each, so that each thread ends by itself. More are one message. */
const MAX_SINGLE = 5;

type Told = {
  readonly severity: Severity;
  readonly status: NoticeStatus;
  readonly title: (of: Change, cluster: string) => Line;
  readonly many: (count: number, cluster: string) => Line;
};

const TOLD: Readonly<Record<ChangeName, Told>> = {
  'not-repaired': {
    severity: 'warning',
    status: 'firing',
    title: ({ instanceId }, cluster) => line`${cluster}: node ${instanceId} was not repaired`,
    many: (count, cluster) => line`${cluster}: ${count} nodes were not repaired`,
  },
  relapsed: {
    severity: 'warning',
    status: 'firing',
    title: ({ instanceId }, cluster) =>
      line`${cluster}: node ${instanceId} was repaired again, the last repair did not last`,
    many: (count, cluster) => line`${cluster}: ${count} nodes were repaired again, their last repairs did not last`,
  },
  broken: {
    severity: 'warning',
    status: 'firing',
    title: ({ instanceId }, cluster) => line`${cluster}: node ${instanceId} is broken, and no repair will follow`,
    many: (count, cluster) => line`${cluster}: ${count} nodes are broken, and no repair will follow`,
  },
  repaired: {
    severity: 'info',
    status: 'resolved',
    title: ({ instanceId }, cluster) => line`${cluster}: node ${instanceId} was repaired`,
    many: (count, cluster) => line`${cluster}: ${count} nodes were repaired`,
  },
  works: {
    severity: 'info',
    status: 'resolved',
    title: ({ instanceId }, cluster) => line`${cluster}: node ${instanceId} works again`,
    many: (count, cluster) => line`${cluster}: ${count} nodes work again`,
  },
};

const whyOf = ({ instanceId, outcome, reason, remediation }: Change): Line => [
  ...line`${instanceId}`,
  ...(outcome === undefined ? [] : line`: ${outcome}`),
  ...(reason === undefined ? [] : line` ${reason}`),
  ...(remediation === undefined ? [] : line` (${remediation})`),
];

const single = ({ id, cluster, runId }: RunEnded, change: Change): Notice => {
  const { severity, status, title } = TOLD[change.change];
  return {
    id: `${id}/${change.instanceId}`,
    kind: `node-${change.change}`,
    severity,
    status,
    cluster,
    dedupKey: `node/${cluster}/${change.instanceId}`,
    title: title(change, cluster),
    text: [whyOf(change), line`Run ${runId}`],
    next: status === 'resolved' ? [] : [line`fleetmend explain ${change.instanceId} -c ${cluster}`],
  };
};

/** One message for many nodes. None of them has a thread of its own, so that the message asks to look and resolves nothing. */
const grouped = ({ id, cluster, runId, changed }: RunEnded, name: ChangeName, changes: readonly Change[]): Notice => {
  const { severity, status, title, many } = TOLD[name];
  const isCut = changed > changes.length;
  const [first, ...others] = changes;
  return {
    id: `${id}/${name}`,
    kind: `nodes-${name}`,
    severity,
    status: status === 'resolved' ? 'told' : status,
    cluster,
    dedupKey: `nodes/${cluster}/${runId}`,
    title: first !== undefined && others.length === 0 ? title(first, cluster) : many(changes.length, cluster),
    text: [
      ...changes.map(whyOf),
      ...(isCut ? [line`The run has changed ${changed} nodes in all`] : []),
      line`Run ${runId}`,
    ],
    next: [line`fleetmend run ${runId}`],
  };
};

/** The messages about the nodes that a run has changed. */
export const nodeNotices = (ended: RunEnded): readonly Notice[] => {
  const { changes, changed } = ended;
  if (changes.length <= MAX_SINGLE && changed <= changes.length) return changes.map((change) => single(ended, change));
  return [...Map.groupBy(changes, ({ change }) => change)].map(([name, own]) => grouped(ended, name, own));
};

/** The message that a run has ended, whatever it did. A sweep that has changed nothing is never told. */
export const runNotice = ({
  id,
  runId,
  cluster,
  remediation,
  action,
  because,
  end,
  counts,
}: RunEnded): readonly Notice[] => {
  if (because === 'sweep') return [];
  const listed = Object.entries(counts).map(([outcome, count]) => line`${outcome}: ${count}`);
  return [
    {
      id,
      kind: 'run-ended',
      severity: 'info',
      status: 'told',
      cluster,
      dedupKey: `run/${runId}`,
      title: line`${cluster}: ${action} by ${remediation} has ended (${end})`,
      text: [...listed, line`Run ${runId}, because of ${because}`],
      next: [],
    },
  ];
};
