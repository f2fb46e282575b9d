import * as z from 'zod';
import { answerOf } from '../aws/answer.ts';
import { confirm, reasonFor } from '../confirm.ts';
import { CLUSTER_OPTION, DRY_RUN_OPTION, defineCommand, REASON_OPTION, YES_OPTION } from '../define-command.ts';
import { EXIT, usageError } from '../exit.ts';
import { inFlightText } from '../output/in-flight.ts';
import { shown } from '../output/text.ts';
import { readDuration } from '../output/times.ts';
import { PauseAnswer, ResumeAnswer } from '../schemas/shapes.ts';
import type { Session } from '../session.ts';

const ALL_OPTION = { flags: '--all', description: 'every cluster of the stack' };

/** The cluster of a pause; undefined for every cluster. */
const scopeOf = (
  session: Session,
  { all, cluster }: { readonly all: boolean; readonly cluster?: string | undefined },
): string | undefined => {
  if (!all) return session.cluster(cluster);
  if (cluster !== undefined) throw usageError('--all', 'give --all or --cluster, and not both');
  return undefined;
};

/** `fleetmend pause`: holds back the repairs of a cluster, or of all. */
export const pause = defineCommand({
  name: 'pause',
  summary: 'Pause the repairs of a cluster, or everything, with an end',
  options: [
    CLUSTER_OPTION,
    ALL_OPTION,
    { flags: '--for <duration>', description: 'how long: 30m, 2h or 7d, at most 30d (default: 24h)' },
    { flags: '--everything', description: 'checks and sweeps too' },
    REASON_OPTION,
    DRY_RUN_OPTION,
  ],
  examples: [
    'fleetmend pause -c shop --for 2h --reason "network change"',
    'fleetmend pause --all --everything --reason "stop"',
  ],
  given: z.object({
    cluster: z.string().optional(),
    all: z.boolean().default(false),
    for: z.string().optional(),
    everything: z.boolean().default(false),
    reason: z.string().optional(),
    dryRun: z.boolean().default(false),
  }),
  perform: async (session, given) => {
    const { io, output, author } = session;
    const cluster = scopeOf(session, given);
    const until =
      given.for === undefined
        ? undefined
        : new Date(io.now().getTime() + readDuration('--for', given.for)).toISOString();
    const stack = session.stack();
    const answer = answerOf(
      PauseAnswer,
      await stack.act({
        ...{
          action: 'pause',
          cluster,
          covers: given.everything ? 'everything' : 'repairs',
          until,
          requestedBy: author,
        },
        ...{ reason: await reasonFor(session, given.reason), dryRun: given.dryRun },
      }),
      'the pause',
    );
    const what = cluster ?? 'every cluster';
    const mark = given.dryRun ? 'Would pause:' : output.paint('green', '✓');
    await output.answer({
      kind: 'Pause',
      value: answer,
      name: answer.scope,
      lines: [
        `${mark} ${shown(what)} paused until ${output.clock.at(answer.until)} (resumes by itself)`,
        `  In flight: ${inFlightText(answer.inFlight)}`,
        answer.covers === 'everything'
          ? '  Checks and sweeps are paused too.'
          : '  Checks go on; nodes that wait are kept.',
      ],
    });
    return EXIT.done;
  },
});

/** `fleetmend resume`: ends a pause. */
export const resume = defineCommand({
  name: 'resume',
  summary: 'End the pause of a cluster, or that of every cluster',
  options: [CLUSTER_OPTION, ALL_OPTION, REASON_OPTION, YES_OPTION, DRY_RUN_OPTION],
  examples: ['fleetmend resume -c shop --reason "change is over"'],
  given: z.object({
    cluster: z.string().optional(),
    all: z.boolean().default(false),
    reason: z.string().optional(),
    yes: z.boolean().default(false),
    dryRun: z.boolean().default(false),
  }),
  perform: async (session, given) => {
    const { output, author } = session;
    const cluster = scopeOf(session, given);
    const what = cluster ?? 'every cluster';
    const reason = await reasonFor(session, given.reason);
    if (cluster === undefined && !given.dryRun)
      await confirm(session, 'Let repairs go on in every cluster?', given.yes);
    const answer = answerOf(
      ResumeAnswer,
      await session.stack().act({ action: 'resume', cluster, reason, requestedBy: author, dryRun: given.dryRun }),
      'the resumption',
    );
    const mark = given.dryRun ? 'Would resume:' : output.paint('green', '✓');
    await output.answer({
      kind: 'Resume',
      value: answer,
      name: answer.scope,
      lines:
        answer.held === undefined
          ? [`${mark} ${shown(what)}: no pause holds back its repairs`]
          : [
              `${output.paint('yellow', '!')} ${shown(what)} stays paused: ${shown(answer.held)}`,
              '  Lift that too: fleetmend resume --all',
            ],
    });
    return answer.held === undefined ? EXIT.done : EXIT.refused;
  },
});
