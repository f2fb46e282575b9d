import * as z from 'zod';
import { releaseCommand, replaceCommand } from '../../core/api/needs.ts';
import { counted } from '../../core/model/counted.ts';
import { NODE_CHECK } from '../../core/model/lane-name.ts';
import { answerOf } from '../aws/answer.ts';
import { pageOf } from '../aws/pages.ts';
import { defineCommand } from '../define-command.ts';
import { EXIT, usageError } from '../exit.ts';
import { TIME_OPTIONS, TimesGiven, timesOf } from '../listing.ts';
import { instanceIdsOf } from '../nodes.ts';
import type { Column } from '../output/table.ts';
import { shown } from '../output/text.ts';
import type { Clock } from '../output/times.ts';
import { type Item, NodeItem, ResultItem } from '../schemas/shapes.ts';

const Noted = ResultItem.pick({ decisions: true, nextLook: true, advice: true, outcome: true }).partial();

/** A result, with a line for each decision that policy made about it. */
const withDecisions = (item: Item): readonly Item[] => {
  const { decisions = [] } = Noted.safeParse(item).data ?? {};
  const { at, runId } = item;
  return [...decisions.map((decision) => ({ ...decision, kind: 'decision', outcome: 'Skipped', at, runId })), item];
};

/** What to look at, and the next look, of the newest result. */
const endLines = (history: readonly Item[], instanceId: string, clock: Clock): readonly string[] => {
  const { decisions = [], nextLook, advice } = Noted.safeParse(history[0]).data ?? {};
  return [
    ...decisions.map(({ message }) => `Decided  ${shown(message)}`),
    ...(advice === undefined ? [] : [`To do    ${shown(advice)}`]),
    ...(nextLook === undefined
      ? []
      : [`Next     ${shown(nextLook.what)}${nextLook.by === undefined ? '' : `, by ${clock.at(nextLook.by)}`}`]),
    ...(history.length === 0 ? [] : [`Why      fleetmend explain ${instanceId}`]),
  ];
};

const textOf = (item: Item, ...names: readonly string[]): string | undefined =>
  names.map((name) => item[name]).find((value) => typeof value === 'string');

const actionOf = (item: Item): string => textOf(item, 'action') ?? item.kind;

const whatOf = (item: Item): string => {
  const remediation = textOf(item, 'remediation');
  return item.kind === 'result' && remediation !== NODE_CHECK
    ? `${textOf(item, 'action')} ${remediation}`
    : actionOf(item);
};

const columns = (clock: Clock): readonly Column<Item>[] => [
  { title: 'AT', value: (item) => clock.short(textOf(item, 'at') ?? ''), isNarrow: true },
  { title: 'AT', value: (item) => clock.at(textOf(item, 'at') ?? ''), isWide: true },
  { title: 'WHAT', value: actionOf, isNarrow: true },
  { title: 'WHAT', value: whatOf, isWide: true },
  { title: 'OUTCOME', value: (item) => textOf(item, 'outcome') },
  { title: 'REASON', value: (item) => textOf(item, 'skipReason', 'reason'), isFlexible: true },
  { title: 'METHOD', value: (item) => textOf(item, 'method'), isWide: true },
  { title: 'RUN', value: (item) => textOf(item, 'runId'), isWhole: true },
  { title: 'BY', value: (item) => textOf(item, 'by'), isWide: true },
  { title: 'MESSAGE', value: (item) => textOf(item, 'message'), isWide: true },
];

const stateLines = (item: NodeItem, clock: Clock): readonly string[] => {
  const attempts = Object.keys(item.attempts).length;
  const held =
    item.quarantinedAt === undefined
      ? ''
      : `  quarantined since ${clock.at(item.quarantinedAt)}: ${shown(item.quarantineAdvice ?? 'repairs failed too often')}`;
  return [
    `  ${shown(item.remediation)}  ${counted(attempts, 'attempt')}${held}`,
    ...(item.quarantinedAt === undefined
      ? []
      : [`      ${replaceCommand(item.instanceId)}`, `      or: ${releaseCommand(item)}`]),
  ];
};

/** `fleetmend node`: the state and the history of a node. */
export const node = defineCommand({
  name: 'node',
  summary: 'Show the state and the history of a node, the newest first',
  arguments: [{ flags: '<node>', description: 'a node by any of its names' }],
  options: TIME_OPTIONS,
  examples: ['fleetmend node i-0123456789abcdef0 --since 7d'],
  given: TimesGiven.extend({ node: z.string() }),
  perform: async (session, { node: name, ...times }) => {
    const stack = session.stack();
    const [instanceId] = await instanceIdsOf(stack, [name]);
    if (instanceId === undefined) throw usageError('NODE', 'name a node');
    const { output, io } = session;
    const { items, next } = await pageOf(stack, { query: 'node', instanceId, ...timesOf(times, io.now()) });
    const states = items
      .filter(({ kind }) => kind === 'node')
      .map((item) => answerOf(NodeItem, item, 'the state of the node'));
    const history = items.filter(({ kind }) => kind !== 'node');
    await output.list({
      kind: 'NodeHistory',
      rest: { node: instanceId },
      columns: columns(output.clock),
      items: output.isText ? history.flatMap(withDecisions) : items,
      next,
      nameOf: (item) => textOf(item, 'runId') ?? item.kind,
      before: [
        `${output.paint('bold', instanceId)}`,
        ...states.flatMap((item) => stateLines(item, output.clock)),
        ...endLines(history, instanceId, output.clock),
        '',
      ],
      empty: 'No result of this node is on record: one that is healthy has none, nor one that was never checked.',
    });
    return EXIT.done;
  },
});
