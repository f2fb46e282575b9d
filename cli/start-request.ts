import * as z from 'zod';
import type { SkippedNode } from '../core/api/request.ts';
import { counted } from '../core/model/counted.ts';
import { answerOf } from './aws/answer.ts';
import type { Payload, Stack } from './aws/connection.ts';
import type { Described } from './define-command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Io } from './io.ts';
import { shown } from './output/text.ts';
import { readDuration } from './output/times.ts';
import { type Ending, followToEnd } from './progress/follow.ts';
import { StartAnswer } from './schemas/shapes.ts';
import type { Session } from './session.ts';

/** The options of commands that can wait for a run. */
export const WAIT_OPTIONS: readonly Described[] = [
  { flags: '--no-wait', description: 'do not wait for the results' },
  {
    flags: '--timeout <duration>',
    description: 'wait at most so long, such as 30m (exit code 5 after it; default: 1h)',
  },
  { flags: '--request-id <id>', description: 'repeat a request: the same id starts nothing twice' },
];
/** These options as commander gives them. */
export const WaitGiven = z.object({
  wait: z.boolean().default(true),
  timeout: z.string().default('1h'),
  requestId: z.string().optional(),
});
type WaitGiven = z.infer<typeof WaitGiven>;

/** The most skipped nodes that a screen lists. */
const MAX_SKIPPED_SHOWN = 5;

/** The nodes that will be skipped, in lines: a few, and how many more. */
export const skippedLines = (skipped: readonly SkippedNode[], more = 0): readonly string[] => {
  const listed = skipped.slice(0, MAX_SKIPPED_SHOWN);
  const left = skipped.length - listed.length + more;
  return [
    ...listed.map(
      ({ instanceId, skipReason, message }) =>
        `  – skip  ${shown(instanceId)}  ${shown(skipReason)}: ${shown(message)}`,
    ),
    ...(left > 0 ? [`  – skip  ${counted(left, 'more node')}`] : []),
  ];
};

/** The result of some work, or undefined where Ctrl-C came first. */
const unlessInterrupted = async <Value>(
  { onInterrupt }: Pick<Io, 'onInterrupt'>,
  work: () => Promise<Value>,
): Promise<Value | undefined> => {
  const { signal, off } = onInterrupt();
  const interrupted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  try {
    return await Promise.race([work(), interrupted]);
  } finally {
    off();
  }
};

/**
 * Starts a check or a repair and follows it to its end, where that is wanted. A request that is held back by a pause or a
 * circuit breaker is not waited for.
 */
export const begin = async (
  session: Session,
  stack: Stack,
  payload: Payload,
  { wait: given, ...ending }: Ending & { readonly wait: WaitGiven },
): Promise<ExitCode> => {
  const { output, io } = session;
  const timeoutMs = readDuration('--timeout', given.timeout);
  // With an id, a call that is repeated after an error of the network starts nothing twice.
  const requestId = given.requestId ?? `cli-${io.newId()}`;
  const answer = await unlessInterrupted(io, () => stack.act({ ...payload, requestId }));
  if (answer === undefined) {
    await output.note('Stopped before the stack answered: the request may have started. To cancel it:');
    await output.note(`  fleetmend cancel ${requestId} --request --reason "stopped"`);
    return EXIT.detached;
  }
  const started = answerOf(StartAnswer, answer, 'the request');
  const { runs, runId, planned, skipped, skippedMore = 0, held } = started;
  const total = planned + skipped.length + skippedMore;
  const isWaiting = given.wait && held === undefined;
  await output.note(
    `Run ${runId}${runs.length > 1 ? ` and ${runs.length - 1} more` : ''}  ${shown(ending.title)}  ${counted(total, 'node')}`,
  );
  if (held !== undefined)
    await output.note(`Held back: ${shown(held)}. It starts by itself; fleetmend run ${runId} -w watches it`);
  if (isWaiting)
    return await followToEnd(session, stack, { requestId: started.requestId, runIds: runs, total, timeoutMs }, ending);
  await output.answer({
    kind: 'Request',
    value: started,
    name: runId,
    lines: [
      `Run ${runId}: ${counted(planned, 'node')} planned, ${skipped.length + skippedMore} skipped`,
      ...skippedLines(skipped, skippedMore),
    ],
  });
  return held === undefined ? EXIT.done : EXIT.refused;
};
