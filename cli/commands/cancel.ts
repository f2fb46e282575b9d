import * as z from 'zod';
import { counted } from '../../core/model/counted.ts';
import { answerOf } from '../aws/answer.ts';
import { reasonFor } from '../confirm.ts';
import { DRY_RUN_OPTION, defineCommand, REASON_OPTION } from '../define-command.ts';
import { EXIT } from '../exit.ts';
import { inFlightText } from '../output/in-flight.ts';
import { shown } from '../output/text.ts';
import { CancelAnswer } from '../schemas/shapes.ts';

/** `fleetmend cancel`: cancels a request with all its runs. */
export const cancel = defineCommand({
  name: 'cancel',
  summary: 'Cancel a request by one of its runs: no more of its commands are sent',
  arguments: [{ flags: '<run>', description: 'the id of a run, or of the request with --request' }],
  options: [
    { flags: '--request', description: 'the id is that of the request' },
    { flags: '--force', description: 'cancel repairs too that have started' },
    REASON_OPTION,
    DRY_RUN_OPTION,
  ],
  examples: ['fleetmend cancel r-0123456789ab --reason "wrong cluster"'],
  given: z.object({
    run: z.string(),
    request: z.boolean().default(false),
    force: z.boolean().default(false),
    reason: z.string().optional(),
    dryRun: z.boolean().default(false),
  }),
  perform: async (session, { run, request, force, dryRun, reason }) => {
    const { output, author } = session;
    const payload = {
      ...{ action: 'cancel', ...(request ? { requestId: run } : { runId: run }), force, dryRun },
      ...{ reason: await reasonFor(session, reason), requestedBy: author },
    };
    const answer = answerOf(CancelAnswer, await session.stack().act(payload), 'the cancellation');
    const { cancelled, runs, waiting, inFlight, requestId } = answer;
    const line = cancelled
      ? `${dryRun ? 'Would cancel:' : output.paint('green', '✓')} ${shown(requestId)} ${dryRun ? '' : 'cancelled, '}with ${counted(runs.length, 'run')}`
      : `– ${shown(requestId)} is over already: nothing is left to cancel`;
    await output.answer({
      kind: 'Cancellation',
      value: answer,
      name: requestId,
      lines: [
        line,
        ...(cancelled ? [`  In flight: ${inFlightText(inFlight)}`] : []),
        ...(waiting > 0 ? [`  Waiting: ${counted(waiting, 'node')} of it`] : []),
      ],
    });
    return cancelled ? EXIT.done : EXIT.refused;
  },
});
