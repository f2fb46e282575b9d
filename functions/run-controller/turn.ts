import { groupOf, type Wake } from '../../core/model/wake.ts';
import type { Step } from '../../core/runs/step.ts';
import { asError } from '../runtime/errors.ts';
import { commitStep } from './commit.ts';
import { type Done, NOTHING_DONE } from './done.ts';
import { gatherLane, gatherRun } from './gather.ts';
import { perform } from './perform.ts';
import type { RunControllerPorts } from './ports.ts';
import { countFailure, forgetFailures, OutOfTimeError, type Read, RepeatedError } from './turn-failures.ts';

/** Steps of one turn. A turn that takes more wakes its group again. */
const MAX_STEPS = 200;
/** How often in a row a turn may find that another writer has changed what it read, before the queue repeats its wake. */
const MAX_CONFLICTS = 6;
const CONFLICT_WAIT_MS = 100;

/** Reads what the next step of a group rests on, and decides it; undefined where there is no such group. */
type Decide = (done: Done) => Promise<Step | undefined>;

/** After the end of its time, a turn has so long to store what a call has just answered. */
const LAST_WAIT_MS = 2000;

const outOfTime = (group: string): Error =>
  new OutOfTimeError(`advancing ${group}: the time of this invocation is over; the wake is repeated`);

const assertLive = (signal: AbortSignal, group: string): void => {
  if (signal.aborted) throw outOfTime(group);
};

/** The end of some work, at the latest shortly after the end of the time: a call that does not return must not hide it. */
const inTime = async <Result>(
  deps: RunControllerPorts,
  group: string,
  signal: AbortSignal,
  work: Promise<Result>,
): Promise<Result> => {
  const over = Promise.withResolvers<never>();
  const end = (): void => void deps.wait(LAST_WAIT_MS).then(() => over.reject(outOfTime(group)));
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
};

/** Gathers, decides, commits and performs until nothing is left to do. */
const steps = async (
  deps: RunControllerPorts,
  wake: Wake,
  decide: Decide,
  signal: AbortSignal,
  read: Read,
): Promise<void> => {
  const group = groupOf(wake);
  const failures: unknown[] = [];
  let done = NOTHING_DONE;
  let conflicts = 0;
  for (let n = 0; n < MAX_STEPS; n++) {
    const step = await decide({ ...done, isEnding: failures.length > 0 || signal.aborted, isRefused: conflicts > 0 });
    if (step === undefined) return;
    // An answer of SSM is stored also when the time is over: without it, a command would count as lost.
    if (done.reports.length === 0) assertLive(signal, group);
    if (step.commit !== undefined && !(await commitStep(deps, step.commit))) {
      if (++conflicts >= MAX_CONFLICTS) {
        throw new RepeatedError(
          `advancing ${group}: other writers came first ${conflicts} times; the wake is repeated`,
        );
      }
      await deps.wait(deps.random() * CONFLICT_WAIT_MS * 2 ** conflicts);
      continue;
    }
    conflicts = 0;
    if (step.commit !== undefined) read.hasCommitted = true;
    // A command that is stored as `sending` gets its call, which reports that it came too late.
    if (!step.effects.some(({ kind }) => kind === 'send')) assertLive(signal, group);
    // A failed call is tried again by the next wake. What the other calls reported is stored first.
    if (failures.length > 0 && step.effects.length > 0) break;
    done = await perform(deps, step, signal, failures);
    if (step.isDone) break;
    if (n === MAX_STEPS - 1) await deps.wakes.wake([wake]);
  }
  if (failures.length > 0) throw new AggregateError(failures, `advancing ${group}: a call failed; it is tried again`);
};

/** Takes the steps of a group from what is stored now. `read` gets what the last step has read. */
const advance = async (deps: RunControllerPorts, wake: Wake, signal: AbortSignal, read: Read): Promise<void> => {
  const decide = wake.kind === 'lane' ? gatherLane(deps, wake.lane, signal, read) : gatherRun(deps, wake.runId, read);
  await inTime(deps, groupOf(wake), signal, steps(deps, wake, decide, signal, read));
};

/**
 * One turn of a group. The queue runs one invocation per group at a time and repeats a wake after a crash; what is stored
 * rests on conditions, so that a copy of the function which has been overtaken changes nothing. After some turns that failed
 * one after the other, the run at work ends as `Stuck`, and its lane goes on.
 */
export const turn = async (deps: RunControllerPorts, wake: Wake, signal: AbortSignal): Promise<void> => {
  const read: Read = {};
  try {
    await advance(deps, wake, signal, read);
    await forgetFailures(deps, read);
  } catch (thrown) {
    const isStuck = await countFailure(deps, wake, thrown, read);
    if (!isStuck || signal.aborted) throw thrown;
    deps.log.error('ending the run at work after failed turns', { group: groupOf(wake), error: asError(thrown) });
    await advance(deps, wake, signal, {});
  }
};
