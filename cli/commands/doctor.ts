import * as z from 'zod';
import { ExplainedLane } from '../../core/api/explain.ts';
import type { ClusterStatus, Need } from '../../core/api/status.ts';
import { answerOf } from '../aws/answer.ts';
import type { Stack } from '../aws/connection.ts';
import { itemsOf } from '../aws/pages.ts';
import { defineCommand } from '../define-command.ts';
import { CommandError, EXIT } from '../exit.ts';
import type { Column } from '../output/table.ts';
import { counted, shown } from '../output/text.ts';
import type { Clock } from '../output/times.ts';
import { StatusItems } from '../schemas/shapes.ts';

/** One thing that was looked at. */
type Finding = {
  readonly check: 'access' | 'version' | 'sweeps' | 'reach' | 'pauses' | 'dead letters' | 'reading';
  readonly level: 'ok' | 'warning' | 'error';
  readonly text: string;
};

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

const reachOf = ({ cluster, nodes, unreachable, skipped }: ClusterStatus): Finding => {
  const unmanaged = skipped.NotManaged ?? 0;
  const lost = unreachable + unmanaged;
  if (nodes === undefined)
    return { check: 'reach', level: 'warning', text: `${cluster}: no sweep has looked at its nodes yet` };
  const text = `${cluster}: ${lost} of ${counted(nodes + unmanaged, 'node')} not reached by SSM (${unmanaged} not managed, ${unreachable} without an answer)`;
  return { check: 'reach', level: lost === 0 ? 'ok' : 'warning', text };
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

/** What a stack shows about itself. An error of access is a finding too: it is what is wrong. */
const examine = async (stack: Stack, version: string, clock: Clock): Promise<readonly Finding[]> => {
  const clusters: ClusterStatus[] = [];
  const needs: Need[] = [];
  try {
    for await (const item of itemsOf(stack, { query: 'status' })) {
      const shownItem = answerOf(StatusItems, item, 'the status');
      if (shownItem.kind === 'cluster') clusters.push(shownItem);
      else if (shownItem.kind === 'need') needs.push(shownItem);
    }
  } catch (thrown) {
    if (!(thrown instanceof CommandError)) throw thrown;
    const { message, next } = thrown.refusal;
    return [{ check: 'access', level: 'error', text: `${message}${next === undefined ? '' : `: ${next}`}` }];
  }
  return [
    { check: 'access', level: 'ok', text: `audit-query of ${stack.place.stack} answers` },
    await versionOf(stack, clusters[0]?.cluster, version),
    ...clusters.map((cluster) => sweepsOf(cluster, clock)),
    ...clusters.map(reachOf),
    ...clusters.flatMap((cluster) => pausesOf(cluster, clock)),
    ...lettersOf(needs),
    ...[...new Set(clusters.flatMap(({ unread }) => unread))].map(
      (text): Finding => ({ check: 'reading', level: 'error', text }),
    ),
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
  summary: 'Look whether fleetmend itself works: access, version, sweeps, reach, pauses, dead letters',
  examples: ['fleetmend doctor', 'fleetmend doctor --context all -o json'],
  formats: ['table', 'json', 'jsonl', 'csv'],
  given: z.object({}),
  perform: async ({ output, stacks, version }) => {
    const all: (Finding & { readonly context: string })[] = [];
    for (const stack of stacks()) {
      const findings = await examine(stack, version, output.clock);
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
