import { describeIssue } from '../../core/model/issue.ts';
import { LaterWake, Look } from '../../core/model/look.ts';
import { groupOf } from '../../core/model/wake.ts';
import { wakesOf } from '../../core/runs/command.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { CommandTrackerPorts } from './ports.ts';
import { trackEvent } from './track-event.ts';

/**
 * Looks at a command that still runs: the results of the nodes that have ended are stored, and their run is woken. SSM is not
 * asked about a command whose nodes have all ended, nor about one of a single node: its end has an event, and the run only goes
 * on without it.
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
  const isSingle = command.action === 'repair' && command.instanceIds.length === 1;
  const progress = isSingle ? 'open' : await deps.observer.observe(command);
  const now = deps.now().toISOString();
  if (progress === 'open' || progress === 'complete') await deps.wakes.wake(wakesOf(command, now, deps.limits));
  deps.log.info('looking at command', { commandId, runId: command.runId, key: command.key, attempt, progress });
};

/** Sends a wake that run-controller has asked for some seconds ago. */
const wakeNow = async (deps: CommandTrackerPorts, body: unknown): Promise<void> => {
  const parsed = LaterWake.safeParse(body);
  if (!parsed.success) throw new PermanentError(`reading the later wake: ${describeIssue(parsed.error, '(message)')}`);
  const { wake } = parsed.data;
  await deps.wakes.wake([wake]);
  deps.log.info('waking group at its time', { group: groupOf(wake) });
};

const kindOf = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && 'kind' in body ? body.kind : undefined;

/** Takes one message of the progress queue: an event of SSM, or a look or a wake that run-controller has asked for. */
export const trackMessage = (deps: CommandTrackerPorts, body: unknown): Promise<void> => {
  const kind = kindOf(body);
  if (kind === 'wake') return wakeNow(deps, body);
  return kind === 'look' ? trackLook(deps, body) : trackEvent(deps, body);
};
