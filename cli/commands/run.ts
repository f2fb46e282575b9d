import * as z from 'zod';
import { NODE_CHECK } from '../../core/model/lane-name.ts';
import { defineCommand } from '../define-command.ts';
import { CommandError, EXIT } from '../exit.ts';
import { exitOf } from '../output/results.ts';
import { readDuration } from '../output/times.ts';
import { followToEnd, showReport } from '../progress/follow.ts';
import { readReport, readRun } from '../progress/read-report.ts';
import { readOutcomes } from '../read-outcomes.ts';
import { stateOf } from './runs.ts';

/** `fleetmend run`: a request's results, by one of its runs. */
export const run = defineCommand({
  name: 'run',
  summary: 'Show the results of a run and of the request that it belongs to',
  arguments: [{ flags: '<run>', description: 'the id of a run' }],
  options: [
    { flags: '-w, --watch', description: 'watch it until it ends' },
    { flags: '--outcome <names>', description: 'only the results with these outcomes' },
    { flags: '--timeout <duration>', description: 'watch at most so long (default: 1h)' },
  ],
  examples: ['fleetmend run r-0123456789ab -w', 'fleetmend run r-0123456789ab --outcome Broken -o csv'],
  given: z.object({
    run: z.string(),
    watch: z.boolean().default(false),
    outcome: z.string().optional(),
    timeout: z.string().default('1h'),
  }),
  perform: async (session, { run: runId, watch, outcome: named, timeout }) => {
    const outcomes = readOutcomes(named);
    const timeoutMs = readDuration('--timeout', timeout);
    const stack = session.stack();
    const first = await readRun(stack, runId);
    if (first === undefined) {
      throw new CommandError('Refused', {
        field: 'RUN',
        message: `RUN: there is no run ${runId}`,
        next: 'list the runs: fleetmend runs',
      });
    }
    const { cluster, remediation, action, requestId = runId } = first.run;
    const title = `${remediation === NODE_CHECK ? remediation : `${remediation} ${action}`} on ${cluster}`;
    const followed = { requestId, runIds: [runId] };
    if (watch) {
      const total = first.healthy.length + first.results.length + first.open.length + first.run.pending;
      return await followToEnd(session, stack, { ...followed, total, timeoutMs }, { title });
    }
    const progress = await readReport(stack, followed);
    const results = progress.report.results.filter(({ outcome }) => outcomes.includes(outcome));
    const report = { ...progress.report, results };
    const states = progress.report.runs.map((item) => `${item.runId} ${stateOf(item)}`).join(', ');
    await showReport(
      session,
      { report, isOver: progress.isOver, end: progress.isOver ? 'over' : 'timeout' },
      { title: `${title} (${states})` },
    );
    return progress.isOver ? exitOf(progress.report) : EXIT.done;
  },
});
