import * as z from 'zod';
import type { Need } from '../../core/api/status.ts';
import { answerOf } from '../aws/answer.ts';
import type { Stack } from '../aws/connection.ts';
import { itemsOf } from '../aws/pages.ts';
import { defineCommand } from '../define-command.ts';
import { EXIT, type ExitCode, usageError } from '../exit.ts';
import { readStacks } from '../listing.ts';
import { type Column, tableLines } from '../output/table.ts';
import { type Paint, shown } from '../output/text.ts';
import type { Clock } from '../output/times.ts';
import { StatusItems, type StatusShown } from '../schemas/shapes.ts';
import type { Session } from '../session.ts';

type OfKind<Kind> = Extract<StatusShown, { readonly kind: Kind }>;
type ClusterShown = OfKind<'cluster'>;

const POLL_MS = 5000;
/** So many nodes are listed on a screen. */
const MAX_NODES = 20;

const some = (count: number): number | undefined => (count === 0 ? undefined : count);

const sweepText = ({ sweeps: { isOn, isLate, last } }: ClusterShown, clock: Clock): string => {
  if (!isOn) return 'off';
  return `${last === undefined ? 'never' : clock.ago(last.endedAt)}${isLate ? ' (late)' : ''}`;
};

/** The lines in place of "nothing needs a person" where no sweep has looked at the nodes of a cluster yet. */
const unseenLines = (clusters: readonly ClusterShown[]): readonly string[] | undefined => {
  const unseen = clusters.filter(({ sweeps }) => sweeps.isOn && sweeps.last === undefined);
  if (unseen.length === 0) return undefined;
  return unseen.flatMap(({ cluster }) => [
    `Nothing is known to need a person. No sweep of ${shown(cluster)} has ended yet; to look now:`,
    `      fleetmend check -c ${shown(cluster)}`,
  ]);
};

const modeText = ({ mode, pauses }: ClusterShown): string => (pauses.length === 0 ? mode : `${mode}, paused`);

/** Before the first sweep, the checks since may have looked at a part of the nodes alone. */
const nodesText = ({ nodes, sweeps }: ClusterShown): string | number | undefined =>
  nodes === undefined || sweeps.last !== undefined ? nodes : `${nodes} seen`;

const clusterColumns = (clock: Clock): readonly Column<ClusterShown>[] => [
  { title: 'CLUSTER', value: ({ cluster }) => cluster, isFlexible: true },
  { title: 'MODE', value: modeText },
  { title: 'NODES', value: nodesText, isNumber: true },
  { title: 'BROKEN', value: ({ broken }) => some(broken), isNumber: true },
  { title: 'UNKNOWN', value: ({ unknown, unreachable }) => some(unknown + unreachable), isNumber: true },
  { title: 'WAITING', value: ({ waiting }) => some(waiting), isNumber: true },
  { title: 'REPAIRING', value: ({ inFlight }) => some(inFlight), isNumber: true },
  { title: 'LAST SWEEP', value: (item) => sweepText(item, clock), isFlexible: true },
  { title: 'QUARANTINED', value: ({ quarantined }) => some(quarantined), isNumber: true, isWide: true },
  { title: 'UNSUPPORTED', value: ({ unsupported }) => some(unsupported), isNumber: true, isWide: true },
];

const NODE_COLUMNS: readonly Column<OfKind<'node-status'>>[] = [
  { title: 'NODE', value: ({ instanceId }) => instanceId, isWhole: true },
  { title: 'OUTCOME', value: ({ outcome }) => outcome },
  { title: 'REASON', value: ({ reason }) => reason, isFlexible: true },
  { title: 'REMEDIATION', value: ({ remediation }) => remediation, isFlexible: true },
  { title: 'HELD BY', value: ({ skipReason }) => skipReason, isFlexible: true },
];

const textIn = (item: object, name: string): string | undefined => {
  const value: unknown = Reflect.get(item, name);
  return typeof value === 'string' ? value : undefined;
};

/** The columns of CSV, over items of every kind. */
const ITEM_COLUMNS: readonly Column<StatusShown>[] = [
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'CLUSTER', value: ({ cluster }) => cluster },
  { title: 'NODE', value: (item) => textIn(item, 'instanceId') },
  { title: 'OUTCOME', value: (item) => textIn(item, 'outcome') },
  { title: 'REASON', value: (item) => textIn(item, 'reason') },
  { title: 'BROKEN', value: (item) => (item.kind === 'cluster' ? item.broken : undefined) },
  { title: 'MESSAGE', value: (item) => textIn(item, 'message') },
  { title: 'COMMAND', value: (item) => textIn(item, 'command') },
];

/** `isListed`: the nodes of the cluster are on the same screen. */
const needLines = (need: Need, paint: Paint, isListed: boolean): readonly string[] => {
  const { severity, cluster, remediation, instanceId, message, instead } = need;
  const lists = `fleetmend status -c ${cluster}`;
  const command = isListed && need.command === lists ? 'fleetmend explain NODE' : need.command;
  const mark = severity === 'error' ? paint('red', '✗') : paint('yellow', '!');
  const about = instanceId ?? [cluster, remediation].filter((part) => part !== undefined).join('/');
  return [
    `  ${mark} ${shown(about === '' ? message : `${about}  ${message}`)}`,
    `      ${shown(command)}`,
    ...(instead === undefined ? [] : [`      or: ${shown(instead)}`]),
  ];
};

/** The pauses in force; one of everything is told once. */
const pauseLines = (clusters: readonly ClusterShown[], paint: Paint): readonly string[] => {
  const lines = clusters.flatMap(({ cluster, pauses }) =>
    pauses.map(({ scope, covers, by, reason, until }) => {
      const end = until === undefined ? '' : ` until ${until}`;
      const what = scope === 'all' ? 'every cluster' : cluster;
      return `  ${paint('yellow', '!')} ${shown(`${what}  ${covers}, by ${by}${end}: ${reason}`)}`;
    }),
  );
  return lines.length === 0 ? [] : ['', 'Paused', ...new Set(lines)];
};

/** The sweeps that new faults have brought forward. */
const earlyLines = (clusters: readonly ClusterShown[], clock: Clock): readonly string[] => {
  const lines = clusters.flatMap(({ cluster, sweeps }) =>
    (sweeps.early ?? []).map(({ nodegroup, at }) => {
      const where = nodegroup === '' ? `${cluster}, nodes without a node group` : `${cluster}, node group ${nodegroup}`;
      return `  ${shown(where)}: ${clock.until(at)}`;
    }),
  );
  return lines.length === 0 ? [] : ['', 'Sweeps that new faults have brought forward', ...lines];
};

const ofKind = <Kind extends StatusShown['kind']>(items: readonly StatusShown[], kind: Kind): readonly OfKind<Kind>[] =>
  items.filter((item): item is OfKind<Kind> => item.kind === kind);

const placeText = ({ place }: Stack): string =>
  [`stack ${place.stack}`, ...(place.region === undefined ? [] : [place.region]), `context ${place.context}`]
    .map(shown)
    .join(' · ');

/** The screen of one stack. */
const screenOf = ({ output }: Session, stack: Stack, items: readonly StatusShown[]): readonly string[] => {
  const { paint, clock, width } = output;
  const clusters = ofKind(items, 'cluster');
  const needs = ofKind(items, 'need');
  const nodes = ofKind(items, 'node-status');
  const columns = clusterColumns(clock).filter(({ isWide }) => width === undefined || isWide !== true);
  const unread = [...new Set(clusters.flatMap((cluster) => cluster.unread))];
  const more = nodes.length - MAX_NODES;
  return [
    paint('dim', placeText(stack)),
    '',
    ...(clusters.length === 0
      ? ['The policy of this stack lists no cluster.']
      : tableLines(columns, clusters, { width, paint })),
    ...(nodes.length === 0
      ? []
      : ['', 'Nodes that do not work', ...tableLines(NODE_COLUMNS, nodes.slice(0, MAX_NODES), { width, paint })]),
    ...(more > 0 ? [`… ${more} more: -o csv lists them all`] : []),
    ...earlyLines(clusters, clock),
    ...pauseLines(clusters, paint),
    '',
    ...(needs.length === 0
      ? (unseenLines(clusters) ?? ['Nothing needs a person.'])
      : ['Needs a person', ...needs.flatMap((need) => needLines(need, paint, nodes.length > 0))]),
    ...unread.map((problem) => `  ! not read: ${shown(problem)}`),
  ];
};

const read = async (stack: Stack, cluster: string | undefined): Promise<readonly StatusShown[]> => {
  const items: StatusShown[] = [];
  for await (const item of itemsOf(stack, { query: 'status', cluster }))
    items.push(answerOf(StatusItems, item, 'the status'));
  return items;
};

const exitOfStatus = (items: readonly StatusShown[]): ExitCode =>
  ofKind(items, 'cluster').some(({ broken }) => broken > 0) ||
  ofKind(items, 'need').some(({ severity }) => severity === 'error')
    ? EXIT.broken
    : EXIT.done;

/** Shows the screen again and again until Ctrl-C. */
const watchStatus = async ({ io, output }: Session, lines: () => Promise<readonly string[]>): Promise<ExitCode> => {
  if (!io.stderr.isTerminal) throw usageError('--watch', 'there is no terminal');
  const { signal, off } = io.onInterrupt();
  const live = io.live();
  try {
    while (!signal.aborted) {
      live.show(output.live(await lines()).join('\n'));
      await io.sleep(POLL_MS, signal);
    }
  } finally {
    live.done();
    off();
  }
  return EXIT.done;
};

/** `fleetmend status`, and `fleetmend` alone: the present state of the clusters, and what needs a person. */
export const status = defineCommand({
  name: 'status',
  summary: 'Show the present state of the clusters, and what needs a person (also without a command)',
  options: [
    { flags: '-c, --cluster <name>', description: 'this cluster alone, with its nodes that do not work' },
    { flags: '-w, --watch', description: 'show it again every 5 seconds' },
  ],
  examples: ['fleetmend', 'fleetmend status -c shop', 'fleetmend status --context all -o json'],
  given: z.object({ cluster: z.string().optional(), watch: z.boolean().default(false) }),
  perform: async (session, { cluster, watch }) => {
    const stacks = session.stacks();
    const readAll = async () =>
      (await readStacks(stacks, (stack) => read(stack, cluster))).map(({ stack, value: items }) => ({ stack, items }));
    const linesOf = (all: Awaited<ReturnType<typeof readAll>>) =>
      all.flatMap(({ stack, items }, i) => [...(i === 0 ? [] : ['']), ...screenOf(session, stack, items)]);
    if (watch) return await watchStatus(session, async () => linesOf(await readAll()));
    const all = await readAll();
    const items = all.flatMap(({ stack, items: own }) =>
      stacks.length === 1 ? own : own.map((item) => ({ context: stack.place.context, ...item })),
    );
    if (session.output.isText) await session.output.lines(...linesOf(all));
    else {
      await session.output.list({
        kind: 'StatusList',
        columns: ITEM_COLUMNS,
        items,
        nameOf: (item) => textIn(item, 'instanceId') ?? item.cluster ?? item.kind,
        empty: '',
      });
    }
    return exitOfStatus(items);
  },
});
