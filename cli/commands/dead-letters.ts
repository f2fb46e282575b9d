import * as z from 'zod';
import { MAX_REPLAY } from '../../core/api/request.ts';
import { counted } from '../../core/model/counted.ts';
import { answerOf } from '../aws/answer.ts';
import { confirm, reasonFor } from '../confirm.ts';
import { DRY_RUN_OPTION, defineCommand, REASON_OPTION, YES_OPTION } from '../define-command.ts';
import { EXIT, usageError } from '../exit.ts';
import { readLimit } from '../listing.ts';
import { shown } from '../output/text.ts';
import { DiscardAnswer, ReplayAnswer } from '../schemas/shapes.ts';

const MAX_OPTION = { flags: '--max <count>', description: `at most so many messages, up to ${MAX_REPLAY}` };

const kindsText = (kinds: Readonly<Record<string, number>>): string =>
  Object.entries(kinds)
    .map(([kind, n]) => `${n} ${shown(kind)}`)
    .join(', ');

const restLines = ({
  stoppedBy,
  waiting,
}: {
  readonly stoppedBy?: string | undefined;
  readonly waiting?: number | undefined;
}): readonly string[] =>
  stoppedBy === undefined
    ? []
    : [`  It stopped by ${shown(stoppedBy)}: ${counted(waiting ?? 0, 'message')} wait. Call it again.`];

/** `fleetmend replay`: sends dead letters back. */
export const replay = defineCommand({
  name: 'replay',
  summary: 'Send dead letters back to their origin; they lead to checks at most',
  options: [MAX_OPTION, REASON_OPTION, YES_OPTION, DRY_RUN_OPTION],
  examples: ['fleetmend replay --dry-run', 'fleetmend replay --max 20 --yes'],
  given: z.object({
    max: z.string().default('100'),
    reason: z.string().optional(),
    yes: z.boolean().default(false),
    dryRun: z.boolean().default(false),
  }),
  perform: async (session, { max: text, reason, yes, dryRun }) => {
    const { output, author } = session;
    const max = readLimit('--max', text, MAX_REPLAY);
    if (!dryRun) await confirm(session, `Send up to ${counted(max, 'dead letter')} back?`, yes);
    const answer = answerOf(
      ReplayAnswer,
      await session.stack().act({ action: 'replay', max, reason, requestedBy: author, dryRun }),
      'the replay',
    );
    const { replayed, dropped, left, kinds } = answer;
    await output.answer({
      kind: 'Replay',
      value: answer,
      name: String(replayed),
      lines: [
        `${dryRun ? 'Would send back' : 'Sent back'} ${counted(replayed, 'dead letter')}${dropped > 0 ? `, and dropped ${counted(dropped, 'tick')} of the schedules` : ''}${replayed > 0 ? `: ${kindsText(kinds)}` : ''}`,
        ...left.map(
          ({ messageId, queue, kind, why }) =>
            `  – ${shown(messageId)} stays on ${shown(queue)} (${shown(kind)}): ${shown(why)}`,
        ),
        ...restLines(answer),
      ],
    });
    return left.length > 0 ? EXIT.broken : EXIT.done;
  },
});

/** `fleetmend discard`: deletes dead letters. */
export const discard = defineCommand({
  name: 'discard',
  summary: 'Delete dead letters for good',
  options: [
    { flags: '--queue <name>', description: 'the dead-letter queue to empty' },
    { flags: '--message <id...>', description: 'these messages alone' },
    MAX_OPTION,
    REASON_OPTION,
    YES_OPTION,
    DRY_RUN_OPTION,
  ],
  examples: ['fleetmend discard --queue fleetmend-scheduler-dlq --reason "old ticks"'],
  given: z.object({
    queue: z.string().optional(),
    message: z.array(z.string()).optional(),
    max: z.string().optional(),
    reason: z.string().optional(),
    yes: z.boolean().default(false),
    dryRun: z.boolean().default(false),
  }),
  perform: async (session, { queue, message: messageIds, max: text, yes, dryRun, ...given }) => {
    const { output, author } = session;
    const max = text === undefined ? undefined : readLimit('--max', text, MAX_REPLAY);
    if (queue === undefined && messageIds === undefined)
      throw usageError('--queue', 'say which dead letters: those of a queue, or some by --message', {
        next: 'fleetmend doctor lists the queues that have some',
      });
    const reason = await reasonFor(session, given.reason);
    const what =
      messageIds === undefined ? `the messages of ${shown(queue ?? '')}` : counted(messageIds.length, 'message');
    if (!dryRun) await confirm(session, `Delete ${what} for good?`, yes);
    const payload = { action: 'discard', queue, messageIds, max, reason, requestedBy: author, dryRun };
    const answer = answerOf(DiscardAnswer, await session.stack().act(payload), 'the deletion');
    const { discarded, notFound = [], kinds } = answer;
    await output.answer({
      kind: 'Discard',
      value: answer,
      name: String(discarded),
      lines: [
        `${dryRun ? 'Would delete' : 'Deleted'} ${counted(discarded, 'dead letter')}${discarded > 0 ? `: ${kindsText(kinds)}` : ''}`,
        ...notFound.map((id) => `  – ${shown(id)} was not found`),
        ...restLines(answer),
      ],
    });
    return notFound.length > 0 ? EXIT.broken : EXIT.done;
  },
});
