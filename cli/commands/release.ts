import * as z from 'zod';
import { answerOf } from '../aws/answer.ts';
import { reasonFor } from '../confirm.ts';
import { CLUSTER_OPTION, DRY_RUN_OPTION, defineCommand, REASON_OPTION } from '../define-command.ts';
import { EXIT } from '../exit.ts';
import { instanceIdsOf } from '../nodes.ts';
import { shown } from '../output/text.ts';
import { ReleaseAnswer } from '../schemas/shapes.ts';

/** `fleetmend release`: ends the quarantine of nodes. */
export const release = defineCommand({
  name: 'release',
  summary: 'End the quarantine of nodes, so that they may be repaired again',
  arguments: [{ flags: '<node...>', description: 'nodes by any of their names' }],
  options: [
    CLUSTER_OPTION,
    { flags: '-r, --remediation <name>', description: 'that of this remediation alone' },
    REASON_OPTION,
    DRY_RUN_OPTION,
  ],
  examples: ['fleetmend release i-0123456789abcdef0 -c shop --reason "role corrected"'],
  given: z.object({
    node: z.array(z.string()),
    cluster: z.string().optional(),
    remediation: z.string().optional(),
    reason: z.string().optional(),
    dryRun: z.boolean().default(false),
  }),
  perform: async (session, { node, cluster, remediation, dryRun, reason }) => {
    const { output, author } = session;
    const stack = session.stack();
    const payload = {
      ...{
        action: 'release',
        cluster: session.cluster(cluster),
        remediation,
        instanceIds: await instanceIdsOf(stack, node),
        dryRun,
      },
      ...{ reason: await reasonFor(session, reason), requestedBy: author },
    };
    const answer = answerOf(ReleaseAnswer, await stack.act(payload), 'the release');
    const done = dryRun ? 'would be released' : 'released';
    await output.answer({
      kind: 'Release',
      value: answer,
      name: answer.released.join('\n'),
      lines: [
        ...answer.released.map((id) => `${output.paint('green', '✓')} ${shown(id)} ${done}`),
        ...answer.notQuarantined.map((id) => `– ${shown(id)} is not in quarantine`),
      ],
    });
    return answer.released.length === 0 ? EXIT.refused : EXIT.done;
  },
});
