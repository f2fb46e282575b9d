import * as z from 'zod';
import type {
  ExplainedLane,
  ExplainedNode,
  ExplainedRun,
  ExplainItem,
  Guard,
  NodeEvent,
  NodeVerdict,
  Rule,
} from '../../core/api/explain.ts';
import { laneName } from '../../core/model/lane-name.ts';
import { answerOf } from '../aws/answer.ts';
import { pageOf } from '../aws/pages.ts';
import { defineCommand } from '../define-command.ts';
import { EXIT, usageError } from '../exit.ts';
import { readLimit } from '../listing.ts';
import { countsText } from '../output/results.ts';
import { type Paint, shown } from '../output/text.ts';
import type { Clock } from '../output/times.ts';
import { Explained } from '../schemas/shapes.ts';

type View = { readonly paint: Paint; readonly clock: Clock };

/** What is known, with two spaces between. */
const joined = (...parts: readonly (string | undefined)[]): string =>
  parts.flatMap((part) => (part === undefined || part === '' ? [] : [shown(part)])).join('  ');

const nodeLine = (node: ExplainedNode, { paint }: View): string => {
  const place = [node.cluster, node.nodegroup].filter((part) => part !== undefined).join(' / ');
  return `${paint('bold', shown(node.instanceId))}  ${joined(node.privateDnsName, place, node.instanceType, node.ami, node.state)}`;
};

const deploymentText = (
  { version, configuration, deployedAt, deployedBy }: NodeVerdict['deployment'],
  { clock }: View,
): string => {
  const when =
    deployedAt === undefined
      ? ''
      : `, deployed ${clock.at(deployedAt)}${deployedBy === undefined ? '' : ` by ${shown(deployedBy)}`}`;
  return `version ${shown(version)}, configuration ${shown(configuration)}${when}`;
};

const ruleText = ({ rule, setting, value }: Rule): string =>
  `${shown(rule)}${setting === undefined ? '' : `: ${shown(setting)} is ${shown(String(value))}`}`;

const nextText = ({ what, at }: { readonly what: string; readonly at?: string | undefined }, { clock }: View): string =>
  `${shown(what)}${at === undefined ? '' : `, ${clock.at(at)}`}`;

const guardLine = ({ guard, passes, text, until }: Guard, { paint, clock }: View): string => {
  const mark = passes ? paint('green', '✓') : paint('red', '✗');
  const end = until === undefined || text.includes(until) ? '' : ` (until ${clock.at(until)})`;
  return `  ${mark} ${guard.padEnd(11)} ${shown(text)}${end}`;
};

/** A command to copy, which stands on a line of its own. */
const COMMAND = /^(?:fleetmend|aws|kubectl) /;

type Decided = Pick<NodeVerdict, 'text' | 'because' | 'rule' | 'deployment' | 'toAct' | 'next' | 'guards'>;

const verdictLines = (verdict: Decided, view: View): readonly string[] => [
  `${view.paint('bold', 'Verdict')}  ${shown(verdict.text)}`,
  `  Because  ${shown(verdict.because)}`,
  ...(verdict.rule.rule === 'none' ? [] : [`  Rule     ${ruleText(verdict.rule)}`]),
  `           (${deploymentText(verdict.deployment, view)})`,
  ...verdict.toAct.map((text, i) =>
    COMMAND.test(text) ? `      ${shown(text)}` : `  ${i === 0 ? 'To act ' : '       '}  ${shown(text)}`,
  ),
  `  Next     ${nextText(verdict.next, view)}`,
  '',
  'Guards',
  ...verdict.guards.map((guard) => guardLine(guard, view)),
];

const eventLine = ({ at, event, text, runId }: NodeEvent, { clock }: View): string =>
  `  ${clock.at(at)}  ${event.padEnd(11)}  ${shown(text)}${runId === undefined ? '' : `  ${shown(runId)}`}`;

/** The verdict on a node that nothing is asked for: with a verdict of a remediation, what to do and the next look are there. */
const idleLines = (node: ExplainedNode, text: string | undefined, view: View): readonly string[] => [
  ...(text === undefined ? [] : [`${view.paint('bold', 'Verdict')}  ${shown(text)}`]),
  ...(node.advice === undefined ? [] : [`  To do    ${shown(node.advice)}`]),
  ...(node.next === undefined ? [] : [`  Next     ${nextText(node.next, view)}`]),
];

const nodeLines = (node: ExplainedNode, items: readonly ExplainItem[], view: View): readonly string[] => {
  const verdicts = items.filter((item) => item.kind === 'verdict');
  const needed = verdicts.filter(({ isNeeded }) => isNeeded);
  const others = verdicts.filter(({ isNeeded }) => !isNeeded);
  const events = items.filter((item) => item.kind === 'event');
  const last = node.outcome === undefined ? [] : [`Last seen  ${joined(node.outcome, node.reason, node.message)}`];
  // Where nothing is asked for, most remediations say the same: then it is said once.
  const texts = new Set(others.map(({ text }) => text));
  const [common] = needed.length === 0 && texts.size === 1 ? texts : [];
  return [
    nodeLine(node, view),
    ...last,
    '',
    ...needed.flatMap((verdict) => [...verdictLines(verdict, view), '']),
    ...(needed.length === 0 ? idleLines(node, common, view) : []),
    ...(common !== undefined || others.length === 0
      ? []
      : [needed.length === 0 ? 'Remediations' : 'Other remediations']),
    ...(common !== undefined ? [] : others.map(({ remediation, text }) => `  ${shown(remediation)}: ${shown(text)}`)),
    ...(events.length === 0 ? [] : ['', 'Timeline', ...events.map((event) => eventLine(event, view))]),
  ];
};

const laneLines = (lane: ExplainedLane, view: View): readonly string[] => [
  `${view.paint('bold', shown(laneName(lane.cluster, lane.remediation)))}  mode ${lane.mode}  ${lane.waiting} waiting  ${lane.queued} queued  ${lane.activeRunId === undefined ? '' : `run ${shown(lane.activeRunId)}`}`,
  ...verdictLines(lane, view),
  ...(lane.failed.length === 0 ? [] : ['', `Failed lately (${lane.repaired} repaired)`]),
  ...lane.failed.map(
    ({ instanceId, runId, at, isCanary }) =>
      `  ${view.clock.at(at)}  ${shown(instanceId)}  ${shown(runId)}${isCanary ? '  canary' : ''}`,
  ),
];

const runLines = (run: ExplainedRun, view: View): readonly string[] => [
  `${view.paint('bold', shown(run.runId))}  ${joined(`${run.action} ${run.remediation}`, run.cluster, run.end ?? run.status)}`,
  `${view.paint('bold', 'Verdict')}  ${shown(run.text)}`,
  `  Because  ${joined(run.because.kind, run.because.by, run.because.sample)}`,
  `  Results  ${countsText(run.counts)}; ${run.pending} pending, ${run.inFlight} in flight`,
  ...run.toAct.map((text) => (COMMAND.test(text) ? `      ${shown(text)}` : `  To act   ${shown(text)}`)),
  `  Next     ${nextText(run.next, view)}`,
];

const linesOf = (items: readonly ExplainItem[], view: View): readonly string[] => {
  const lines = items.map((item) => {
    if (item.kind === 'explained-node') return nodeLines(item, items, view);
    if (item.kind === 'explained-lane') return laneLines(item, view);
    return item.kind === 'explained-run' ? runLines(item, view) : [];
  });
  return lines.filter((some) => some.length > 0).flatMap((some, i) => (i === 0 ? some : ['', ...some]));
};

/** What a person asks about: a run, a remediation of a cluster as `CLUSTER/REMEDIATION`, or a node by any of its names. */
const subjectOf = (
  target: string | undefined,
): { readonly runId?: string; readonly cluster?: string; readonly remediation?: string; readonly node?: string } => {
  if (target === undefined) return {};
  const name = target.replace(/^nodes?\//, '');
  if (/^r-/.test(name)) return { runId: name };
  const [, cluster, remediation] = /^([^/:]+)\/([^/]+)$/.exec(name) ?? [];
  return cluster !== undefined && remediation !== undefined ? { cluster, remediation } : { node: name };
};

const nameOf = (item: ExplainItem): string => {
  if ('instanceId' in item) return item.instanceId;
  return item.kind === 'explained-run' ? item.runId : laneName(item.cluster, item.remediation);
};

/** `fleetmend explain`: why fleetmend acts or does not act, the verdict first. */
export const explain = defineCommand({
  name: 'explain',
  summary: 'Explain why fleetmend acts or does not act: on a node, on CLUSTER/REMEDIATION, or in a run',
  arguments: [
    { flags: '[target]', description: 'a node by any of its names, CLUSTER/REMEDIATION, or the id of a run' },
  ],
  options: [
    { flags: '-c, --cluster <name>', description: 'the cluster: of the node, or every remediation of this one' },
    { flags: '-r, --remediation <name>', description: 'this remediation alone' },
    { flags: '-n, --limit <count>', description: 'at most so many events (default: 30)' },
  ],
  examples: [
    'fleetmend explain ip-10-0-170-5',
    'fleetmend explain i-0d3a…91c7 -o json',
    'fleetmend explain shop/pause-image',
    'kubectl fleetmend explain node/ip-10-0-170-5',
  ],
  formats: ['table', 'wide', 'json', 'jsonl', 'name'],
  given: z.object({
    target: z.string().optional(),
    cluster: z.string().optional(),
    remediation: z.string().optional(),
    limit: z.string().default('30'),
  }),
  perform: async (session, { target, cluster, remediation, limit }) => {
    const { output } = session;
    const subject = subjectOf(target);
    if (target === undefined && cluster === undefined) {
      throw usageError('TARGET', 'name a node, CLUSTER/REMEDIATION or a run, or give -c CLUSTER');
    }
    const payload = { query: 'explain', cluster, remediation, ...subject, limit: readLimit('--limit', limit, 500) };
    const page = await pageOf(session.stack(), payload);
    const items = page.items.map((item) => answerOf(Explained, item, 'the explanation'));
    if (output.isText) await output.lines(...linesOf(items, output));
    else await output.list({ kind: 'Explanation', columns: [], items, next: page.next, nameOf, empty: '' });
    return EXIT.done;
  },
});
