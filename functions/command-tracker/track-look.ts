import { describeIssue } from '../../core/model/issue.ts';
import { Look } from '../../core/model/look.ts';
import { wakeOf } from '../../core/model/wake.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { CommandTrackerPorts } from './ports.ts';
import { trackEvent } from './track-event.ts';

/**
 * Looks at a command that still runs: the results of the nodes that have ended are stored, and their run is woken. SSM is not
 * asked about a command whose nodes have all ended.
 */
const trackLook = async (deps: CommandTrackerPorts, body: unknown): Promise<void> => {
  const parsed = Look.safeParse(body);
  if (!parsed.success) throw new PermanentError(`reading the look: ${describeIssue(parsed.error, '(message)')}`);
  const { commandId, attempt } = parsed.data;
  const command = await deps.results.getCommand(commandId);
  // The row of a command is stored before the look is asked for: it has expired.
  const standing = command === undefined ? undefined : await deps.runs.observation(command.runId, command.key);
  if (command === undefined || standing?.final === true) {
    deps.count('LookNotNeeded');
    return;
  }
  const progress = await deps.observer.observe(command);
  if (progress === 'open' || progress === 'complete') await deps.wakes.wake([wakeOf(command)]);
  deps.log.info('looking at command', { commandId, runId: command.runId, key: command.key, attempt, progress });
};

const isLook = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'look';

/** Takes one message of the progress queue: an event of SSM, or a look that run-controller has asked for. */
export const trackMessage = (deps: CommandTrackerPorts, body: unknown): Promise<void> =>
  isLook(body) ? trackLook(deps, body) : trackEvent(deps, body);
