import * as z from 'zod';
import { counted } from '../../core/model/counted.ts';
import { NODE_CHECK } from '../../core/model/lane-name.ts';
import { answerOf } from '../aws/answer.ts';
import { CLUSTER_OPTION, DRY_RUN_OPTION, defineCommand, REASON_OPTION } from '../define-command.ts';
import { EXIT } from '../exit.ts';
import { instanceIdsOf, remediationsIn } from '../nodes.ts';
import { shown } from '../output/text.ts';
import { showPlan } from '../plan.ts';
import { PlanAnswer } from '../schemas/shapes.ts';
import { begin, WAIT_OPTIONS, WaitGiven } from '../start-request.ts';

/** `fleetmend check`: starts a check and shows each node as it answers. */
export const check = defineCommand({
  name: 'check',
  summary: 'Check the nodes of a cluster, or some of them. A check changes nothing on a node',
  arguments: [{ flags: '[node...]', description: 'nodes by any of their names (default: the whole cluster)' }],
  options: [
    CLUSTER_OPTION,
    { flags: '-r, --remediation <name>', description: 'check for this remediation alone' },
    REASON_OPTION,
    DRY_RUN_OPTION,
    ...WAIT_OPTIONS,
  ],
  examples: ['fleetmend check -c shop', 'fleetmend check i-0123456789abcdef0 -o json'],
  given: z.object({
    node: z.array(z.string()).default([]),
    cluster: z.string().optional(),
    remediation: z.string().optional(),
    reason: z.string().optional(),
    dryRun: z.boolean().default(false),
    ...WaitGiven.shape,
  }),
  perform: async (session, given) => {
    const stack = session.stack();
    const cluster = session.cluster(given.cluster);
    const { remediation, reason, dryRun } = given;
    const instanceIds = given.node.length === 0 ? undefined : await instanceIdsOf(stack, given.node);
    const payload = { action: 'check', cluster, remediation, instanceIds, reason, requestedBy: session.author };
    if (dryRun) {
      const plan = answerOf(PlanAnswer, await stack.act({ ...payload, dryRun }), 'the plan');
      await showPlan(session, {
        action: 'check',
        cluster,
        plans: [{ remediation: remediation ?? NODE_CHECK, plan }],
      });
      return EXIT.done;
    }
    return await begin(session, stack, payload, {
      wait: given,
      title: `${remediation ?? NODE_CHECK} on ${cluster}`,
      next: ({ report }) => {
        const broken = report.results.filter((result) => remediationsIn(result).length > 0);
        const isForbidden = ({ decisions = [] }: (typeof broken)[number]): boolean => decisions.length > 0;
        const [forbidden] = broken.filter(isForbidden);
        const others = broken.filter((result) => !isForbidden(result));
        const names = [...new Set(others.flatMap(remediationsIn))].join(', ');
        const count = counted(broken.length - others.length, 'node');
        return [
          ...(others.length === 0
            ? []
            : [
                `Where the policy lets it, fleetmend repairs ${counted(others.length, 'node')} by itself (${shown(names)}).`,
                `To repair now: fleetmend repair -c ${cluster} --broken`,
              ]),
          ...(forbidden === undefined
            ? []
            : [`The policy does not let fleetmend repair ${count}: fleetmend explain ${shown(forbidden.instanceId)}`]),
        ];
      },
    });
  },
});
