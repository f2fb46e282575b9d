import { counted, shown } from './output/text.ts';
import type { PlanAnswer } from './schemas/shapes.ts';
import type { Session } from './session.ts';
import { skippedLines } from './start-request.ts';

/** What a request would do, by remediation. */
export type Plan = {
  readonly action: 'check' | 'repair';
  readonly cluster: string;
  readonly plans: readonly {
    readonly remediation: string;
    readonly plan: PlanAnswer;
    readonly nodes?: readonly string[] | undefined;
  }[];
};

const MAX_NODES_SHOWN = 4;

const nodesText = (nodes: readonly string[] | undefined): string => {
  if (nodes === undefined) return '';
  const more = nodes.length - MAX_NODES_SHOWN;
  return `  ${nodes.slice(0, MAX_NODES_SHOWN).map(shown).join(' ')}${more > 0 ? ` +${more}` : ''}`;
};

const planLines = ({ action, cluster, plans }: Plan): readonly string[] =>
  plans.flatMap(({ remediation, plan, nodes }) => {
    const skipped = new Set(plan.skipped.map(({ instanceId }) => instanceId));
    return [
      `Plan  ${shown(remediation)} on ${shown(cluster)}`,
      `  ✓ ${action} ${counted(plan.planned, 'node')}${nodesText(nodes?.filter((id) => !skipped.has(id)))}`,
      ...skippedLines(plan.skipped, plan.skippedMore),
      ...(plan.approximate === true ? ['  The plan did not ask SSM about each node: some may be skipped later.'] : []),
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
