import * as z from 'zod';
import { MAX_INSTANCES_PER_REQUEST } from '../../core/api/request.ts';
import { counted } from '../../core/model/counted.ts';
import { answerOf } from '../aws/answer.ts';
import type { Stack } from '../aws/connection.ts';
import { confirm, reasonFor } from '../confirm.ts';
import { CLUSTER_OPTION, DRY_RUN_OPTION, defineCommand, REASON_OPTION, YES_OPTION } from '../define-command.ts';
import { EXIT, type ExitCode, usageError } from '../exit.ts';
import { brokenNodes, instanceIdsOf, remediationsFor } from '../nodes.ts';
import { notePlan, type Plan, readManner, showPlan } from '../plan.ts';
import { PlanAnswer } from '../schemas/shapes.ts';
import { begin, WAIT_OPTIONS, WaitGiven } from '../start-request.ts';

const Given = z.object({
  node: z.array(z.string()).default([]),
  cluster: z.string().optional(),
  remediation: z.string().optional(),
  broken: z.boolean().default(false),
  all: z.boolean().default(false),
  reason: z.string().optional(),
  yes: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  ...WaitGiven.shape,
});
type Given = z.infer<typeof Given>;

/** The nodes by remediation; a group without nodes is the whole cluster. */
type Wanted = readonly { readonly remediation: string; readonly nodes?: readonly string[] }[];

const only = (groups: ReadonlyMap<string, readonly string[]>, remediation: string | undefined): Wanted =>
  [...groups]
    .filter(([name]) => remediation === undefined || name === remediation)
    .map(([name, nodes]) => ({ remediation: name, nodes: nodes.slice(0, MAX_INSTANCES_PER_REQUEST) }));

const wantedOf = async (stack: Stack, cluster: string, given: Given): Promise<Wanted> => {
  const { node, remediation, broken, all } = given;
  if ([node.length > 0, broken, all].filter(Boolean).length !== 1) {
    throw usageError('NODE', 'say which nodes: name them, or give --broken, or --all for the whole cluster');
  }
  if (broken) return only(await brokenNodes(stack, cluster), remediation);
  if (all) {
    if (remediation !== undefined) return [{ remediation }];
    throw usageError('--remediation', 'name the remediation that goes over the whole cluster', {
      next: 'give -r NAME, or use --broken',
    });
  }
  const nodes = await instanceIdsOf(stack, node);
  return remediation === undefined
    ? only(await remediationsFor(stack, cluster, nodes), undefined)
    : [{ remediation, nodes }];
};

const worst = (codes: readonly ExitCode[]): ExitCode =>
  [EXIT.detached, EXIT.waited, EXIT.refused, EXIT.broken].find((code) => codes.includes(code)) ?? EXIT.done;

/** `fleetmend repair`: shows the plan, asks, repairs, and shows each node as it ends. */
export const repair = defineCommand({
  name: 'repair',
  summary: 'Repair nodes: shows the plan, asks, and shows each node as it ends',
  arguments: [{ flags: '[node...]', description: 'nodes by any of their names' }],
  options: [
    CLUSTER_OPTION,
    { flags: '--broken', description: 'the nodes of the cluster that are broken now' },
    { flags: '--all', description: 'every node of the cluster, with -r' },
    {
      flags: '-r, --remediation <name>',
      description: 'by this remediation (default: that of the fault that was found)',
    },
    REASON_OPTION,
    YES_OPTION,
    DRY_RUN_OPTION,
    ...WAIT_OPTIONS,
  ],
  examples: [
    'fleetmend repair -c shop --broken --reason "INC-1042 pods hang"',
    'fleetmend repair i-0123456789abcdef0 -c shop -r pause-image --dry-run',
  ],
  given: Given,
  perform: async (session, given) => {
    const stack = session.stack();
    const cluster = session.cluster(given.cluster);
    const wanted = await wantedOf(stack, cluster, given);
    if (wanted.length === 0) {
      await session.output.note(
        `No node of ${cluster} is broken, as far as its last check has seen. To look again: fleetmend check -c ${cluster}`,
      );
      return EXIT.done;
    }
    const reason = given.dryRun ? (given.reason ?? 'a dry run') : await reasonFor(session, given.reason);
    const payloads = wanted.map(({ remediation, nodes: instanceIds }) => ({
      ...{ action: 'repair', cluster, remediation, instanceIds, reason, requestedBy: session.author },
    }));
    const plans: Plan['plans'][number][] = [];
    for (const payload of payloads) {
      const { remediation, instanceIds: nodes } = payload;
      const [answer, manner] = await Promise.all([
        stack.act({ ...payload, dryRun: true }),
        readManner(stack, cluster, remediation),
      ]);
      plans.push({ remediation, plan: answerOf(PlanAnswer, answer, 'the plan'), nodes, manner });
    }
    if (given.dryRun) {
      await showPlan(session, { action: 'repair', cluster, plans });
      return EXIT.done;
    }
    await notePlan(session, { action: 'repair', cluster, plans });
    const planned = plans.reduce((sum, { plan }) => sum + plan.planned, 0);
    if (planned === 0) {
      await session.output.note('No node would be repaired: nothing was asked for.');
      return EXIT.refused;
    }
    await confirm(session, `Repair ${counted(planned, 'node')} of ${cluster}?`, given.yes);
    const codes: ExitCode[] = [];
    for (const [i, payload] of payloads.entries()) {
      if (plans[i]?.plan.planned === 0) continue;
      const requestId = given.requestId === undefined ? undefined : `${given.requestId}${i === 0 ? '' : `.${i}`}`;
      codes.push(
        await begin(session, stack, payload, {
          wait: { ...given, requestId },
          title: `${payload.remediation} on ${cluster}`,
          next: ({ report }) => {
            const recurring = report.results.filter(({ willRecur }) => willRecur === true).length;
            return recurring === 0
              ? undefined
              : [`! ${counted(recurring, 'node')} may break again: see ADVICE in -o wide`];
          },
        }),
      );
      if (codes.at(-1) === EXIT.detached) break;
    }
    return worst(codes);
  },
});
