import pMap from 'p-map';
import * as z from 'zod';
import { ExplainedLane } from '../../core/api/explain.ts';
import type { ClusterStatus, Need } from '../../core/api/status.ts';
import { counted } from '../../core/model/counted.ts';
import { outcomesWith } from '../../core/model/outcome.ts';
import { answerOf } from '../aws/answer.ts';
import type { AskAws } from '../aws/ask-aws.ts';
import type { Stack } from '../aws/connection.ts';
import { itemsOf } from '../aws/pages.ts';
import { defineCommand } from '../define-command.ts';
import { CommandError, EXIT } from '../exit.ts';
import type { Column } from '../output/table.ts';
import { shown } from '../output/text.ts';
import type { Clock } from '../output/times.ts';
import { StatusItems } from '../schemas/shapes.ts';
import { lookAtAws } from './doctor-aws.ts';
import type { AwsFinding } from './doctor-look.ts';

/** One thing that was looked at. */
type Finding = {
  readonly check:
    | 'access'
    | 'version'
    | 'sweeps'
    | 'reach'
    | 'agent'
    | 'pauses'
    | 'dead letters'
    | 'reading'
    | 'notices'
    | AwsFinding['check'];
  readonly level: 'ok' | 'warning' | 'error';
  readonly text: string;
};

/** The outcomes that say only that a node gave no answer. */
const SILENT = new Set<string>(outcomesWith('isSilence'));
const TestNotice = z.looseObject({ noticeId: z.string() });
const VERSIONED = ExplainedLane.pick({ deployment: true });

/** Whether the stack is of the version of this program. */
const versionOf = async (stack: Stack, cluster: string | undefined, own: string): Promise<Finding> => {
  if (cluster === undefined) return { check: 'version', level: 'warning', text: 'the policy lists no cluster' };
  for await (const item of itemsOf(stack, { query: 'explain', cluster })) {
    if (item.kind !== 'explained-lane') continue;
    const { version, configuration } = answerOf(VERSIONED, item, 'the deployment').deployment;
    const isSame = version === own;
    const text = `stack ${version} ${isSame ? '=' : '≠'} fleetmend ${own}, configuration ${configuration}`;
    return { check: 'version', level: isSame ? 'ok' : 'warning', text };
  }
  return { check: 'version', level: 'warning', text: 'the stack has no remediation' };
};

const sweepsOf = ({ cluster, sweeps }: ClusterStatus, clock: Clock): Finding => {
  const { isOn, isLate, last, everyMinutes } = sweeps;
  if (!isOn)
    return { check: 'sweeps', level: 'warning', text: `${cluster}: off; faults without a log line are not found` };
  const when = last === undefined ? 'none has ended yet' : `the last one ended ${clock.ago(last.endedAt)}`;
  return {
    check: 'sweeps',
    level: isLate ? 'error' : 'ok',
    text: `${cluster}: every ${everyMinutes} min, ${when}${isLate ? ': late' : ''}`,
  };
};

const reachOf = ({ cluster, nodes, unreachable, skipped, sweeps }: ClusterStatus): Finding => {
  const unmanaged = skipped.NotManaged ?? 0;
  const lost = unreachable + unmanaged;
  if (nodes === undefined)
    return { check: 'reach', level: 'warning', text: `${cluster}: no check has looked at its nodes yet` };
  const text = `${cluster}: ${lost} of ${counted(nodes + unmanaged, 'node')} not reached by SSM (${unmanaged} not managed, ${unreachable} without an answer)${sweeps.last === undefined ? ', of those that checks have looked at: no sweep has ended' : ''}`;
  return { check: 'reach', level: lost === 0 ? 'ok' : 'warning', text };
};

const MAX_NAMED = 5;

/**
 * The nodes of a cluster that gave no answer, a line for each kind: how many there are, the first of them, what to look at, and
 * where the next look is explained.
 */
const agentsOf = async (
  stack: Stack,
  { cluster, unreachable, unknown }: ClusterStatus,
): Promise<readonly Finding[]> => {
  if (unreachable + unknown === 0) return [];
  const kinds = new Map<string, { readonly advice: string; readonly ids: string[] }>();
  for await (const item of itemsOf(stack, { query: 'status', cluster })) {
    const node = answerOf(StatusItems, item, 'the nodes of the cluster');
    if (node.kind !== 'node-status' || !SILENT.has(node.outcome)) continue;
    const { instanceId, outcome, reason, message, advice = message } = node;
    const kind = reason === undefined ? outcome : `${outcome} (${reason})`;
    const known = kinds.get(kind) ?? { advice, ids: [] };
    known.ids.push(instanceId);
    kinds.set(kind, known);
  }
  return [...kinds].map(([kind, { advice, ids }]): Finding => {
    const more = ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : '';
    const named = `${ids.slice(0, MAX_NAMED).join(', ')}${more}`;
    const text = `${cluster}: ${counted(ids.length, 'node')} ${kind}: ${named}; ${advice} · fleetmend explain ${ids[0]}`;
    return { check: 'agent', level: 'warning', text };
  });
};

/** An error that a person can correct, in one line. */
const problemOf = (thrown: unknown): string => {
  if (!(thrown instanceof CommandError)) throw thrown;
  const { message, next } = thrown.refusal;
  return `${message}${next === undefined ? '' : `: ${next}`}`;
};

/** Sends a notice that asks for nothing, so that the subscribers see whether it arrives. */
const testNotice = async (stack: Stack, author: string): Promise<Finding> => {
  try {
    const { noticeId } = answerOf(
      TestNotice,
      await stack.act({ action: 'test-notice', requestedBy: author, reason: 'fleetmend doctor' }),
      'the test notice',
    );
    return { check: 'notices', level: 'ok', text: `the test notice ${noticeId} was sent: look whether it arrives` };
  } catch (thrown) {
    return { check: 'notices', level: 'error', text: problemOf(thrown) };
  }
};

const pausesOf = ({ cluster, pauses }: ClusterStatus, clock: Clock): readonly Finding[] =>
  pauses.map(({ by, reason, covers, until }) => ({
    check: 'pauses',
    level: 'warning',
    text: `${cluster}: ${covers} paused by ${by}${until === undefined ? '' : ` until ${clock.at(until)}`}: ${reason}`,
  }));

const lettersOf = (needs: readonly Need[]): readonly Finding[] => {
  const letters = needs.filter(({ need }) => need === 'DeadLetters');
  if (letters.length === 0) return [{ check: 'dead letters', level: 'ok', text: 'none' }];
  return letters.map(({ message, command }) => ({
    check: 'dead letters',
    level: 'warning',
    text: `${message} · ${command}`,
  }));
};

/** What the account has. A stack of an earlier version does not say what it should have. */
const inAccount = async (
  look: Parameters<typeof lookAtAws>[0],
  clusters: readonly ClusterStatus[],
): Promise<readonly Finding[]> => {
  try {
    return await lookAtAws(
      look,
      clusters.map(({ cluster }) => cluster),
    );
  } catch (thrown) {
    return [{ check: 'not seen', level: 'warning', text: `what the account has: ${problemOf(thrown)}` }];
  }
};

/** What a stack shows about itself. An error of access is a finding too: it is what is wrong. */
const examine = async (
  stack: Stack,
  {
    version,
    clock,
    notice,
    ...outside
  }: {
    readonly version: string;
    readonly clock: Clock;
    readonly notice: string | undefined;
    readonly ask: AskAws;
    readonly now: Date;
  },
): Promise<readonly Finding[]> => {
  const clusters: ClusterStatus[] = [];
  const needs: Need[] = [];
  try {
    for await (const item of itemsOf(stack, { query: 'status' })) {
      const shownItem = answerOf(StatusItems, item, 'the status');
      if (shownItem.kind === 'cluster') clusters.push(shownItem);
      else if (shownItem.kind === 'need') needs.push(shownItem);
    }
  } catch (thrown) {
    return [{ check: 'access', level: 'error', text: problemOf(thrown) }];
  }
  return [
    { check: 'access', level: 'ok', text: `audit-query of ${stack.place.stack} answers` },
    await versionOf(stack, clusters[0]?.cluster, version),
    ...clusters.map((cluster) => sweepsOf(cluster, clock)),
    ...clusters.map(reachOf),
    ...(await pMap(clusters, (cluster) => agentsOf(stack, cluster), { concurrency: 4 })).flat(),
    ...clusters.flatMap((cluster) => pausesOf(cluster, clock)),
    ...lettersOf(needs),
    ...[...new Set(clusters.flatMap(({ unread }) => unread))].map(
      (text): Finding => ({ check: 'reading', level: 'error', text }),
    ),
    ...(await inAccount({ ...outside, stack, clock }, clusters)),
    ...(notice === undefined ? [] : [await testNotice(stack, notice)]),
  ];
};

const MARKS = { ok: '✓', warning: '!', error: '✗' } as const;
const STYLES = { ok: 'green', warning: 'yellow', error: 'red' } as const;

const COLUMNS: readonly Column<Finding & { readonly context: string }>[] = [
  { title: 'CONTEXT', value: ({ context }) => context },
  { title: 'CHECK', value: ({ check }) => check },
  { title: 'LEVEL', value: ({ level }) => level },
  { title: 'TEXT', value: ({ text }) => text },
];

/** `fleetmend doctor`: whether fleetmend itself works. */
export const doctor = defineCommand({
  name: 'doctor',
  summary:
    'Look whether fleetmend itself works: access, version, sweeps, reach, agents, pauses, dead letters, documents, log groups, node roles, heartbeat, CloudTrail, notices',
  options: [{ flags: '--test-notice', description: 'send a notice that asks for nothing to those who subscribe' }],
  examples: ['fleetmend doctor', 'fleetmend doctor --test-notice', 'fleetmend doctor --context all -o json'],
  formats: ['table', 'json', 'jsonl', 'csv'],
  given: z.object({ testNotice: z.boolean().default(false) }),
  perform: async ({ io, output, stacks, version, author }, { testNotice: isAsked }) => {
    const all: (Finding & { readonly context: string })[] = [];
    for (const stack of stacks()) {
      const notice = isAsked ? author : undefined;
      const ask = io.askAws(stack.place);
      const findings = await examine(stack, { version, clock: output.clock, notice, ask, now: io.now() });
      all.push(...findings.map((finding) => ({ context: stack.place.context, ...finding })));
    }
    const lines = all.map(
      ({ level, check, text }) => `${output.paint(STYLES[level], MARKS[level])} ${check.padEnd(12)}  ${shown(text)}`,
    );
    if (output.isText) await output.lines(...lines);
    else
      await output.list({ kind: 'Diagnosis', columns: COLUMNS, items: all, nameOf: ({ check }) => check, empty: '' });
    return all.some(({ level }) => level === 'error') ? EXIT.broken : EXIT.done;
  },
});
