import type * as z from 'zod';
import { ExplainedLane } from '../core/api/explain.ts';
import { counted } from '../core/model/counted.ts';
import { answerOf } from './aws/answer.ts';
import type { Stack } from './aws/connection.ts';
import { itemsOf } from './aws/pages.ts';
import { shown } from './output/text.ts';
import { unlessRefused } from './progress/read-report.ts';
import type { PlanAnswer } from './schemas/shapes.ts';
import type { Session } from './session.ts';
import { skippedLines } from './start-request.ts';

/** How a remediation repairs on a cluster now. */
export type Manner = Pick<z.output<typeof Lane>, 'document'> & {
  /** How many nodes at once, by the guards of the lane. */
  readonly order: readonly string[];
  readonly isDisruptive: boolean;
};

const Lane = ExplainedLane.pick({ document: true, guards: true });

/** How a remediation repairs on a cluster now; undefined where the stack does not explain it. */
export const readManner = (stack: Stack, cluster: string, remediation: string): Promise<Manner | undefined> =>
  unlessRefused(async () => {
    for await (const item of itemsOf(stack, { query: 'explain', cluster, remediation })) {
      if (item.kind !== 'explained-lane') continue;
      const { document, guards } = answerOf(Lane, item, `how ${remediation} repairs`);
      const texts = (name: string) => guards.filter(({ guard }) => guard === name).map(({ text }) => text);
      const isDisruptive = texts('disruptive').length > 0;
      return { document, order: [...texts('canaries'), ...texts('budget')], isDisruptive };
    }
    return undefined;
  });

/** What a request would do, by remediation. */
export type Plan = {
  readonly action: 'check' | 'repair';
  readonly cluster: string;
  readonly plans: readonly {
    readonly remediation: string;
    readonly plan: PlanAnswer;
    readonly nodes?: readonly string[] | undefined;
    /** How its repairs go: missing for a check. */
    readonly manner?: Manner | undefined;
  }[];
};

const MAX_NODES_SHOWN = 4;

const nodesText = (nodes: readonly string[] | undefined): string => {
  if (nodes === undefined) return '';
  const more = nodes.length - MAX_NODES_SHOWN;
  return `  ${nodes.slice(0, MAX_NODES_SHOWN).map(shown).join(' ')}${more > 0 ? ` +${more}` : ''}`;
};

const mannerLines = ({ order, isDisruptive, document }: Manner): readonly string[] => [
  ...(order.length === 0 ? [] : [`  Order     ${shown(order.join('; '))}`]),
  `  Restarts  ${isDisruptive ? 'something on the node, where the fault needs it' : 'nothing'}`,
  ...(document === undefined ? [] : [`  Document  ${shown(document)}`]),
];

const planLines = ({ action, cluster, plans }: Plan): readonly string[] =>
  plans.flatMap(({ remediation, plan, nodes, manner }) => {
    const skipped = new Set(plan.skipped.map(({ instanceId }) => instanceId));
    return [
      `Plan  ${shown(remediation)} on ${shown(cluster)}`,
      `  ✓ ${action} ${counted(plan.planned, 'node')}${nodesText(nodes?.filter((id) => !skipped.has(id)))}`,
      ...skippedLines(plan.skipped, plan.skippedMore),
      ...(plan.approximate === true ? ['  The plan did not ask SSM about each node: some may be skipped later.'] : []),
      ...(manner === undefined ? [] : mannerLines(manner)),
      ...(plan.held === undefined ? [] : [`  ! held back: ${shown(plan.held)}`]),
    ];
  });

/** The plan for a person who is asked to agree; on the standard error, where the answer goes too. */
export const notePlan = async ({ output }: Session, plan: Plan): Promise<void> => {
  for (const line of planLines(plan)) await output.note(line);
};

/** The plan as the output of a dry run. */
export const showPlan = async ({ output }: Session, plan: Plan): Promise<void> => {
  const { action, cluster, plans } = plan;
  const value = { action, cluster, plans: plans.map(({ remediation, plan: own }) => ({ remediation, ...own })) };
  await output.answer({ kind: 'Plan', value, lines: planLines(plan), name: cluster });
};
