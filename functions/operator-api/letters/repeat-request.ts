import { cancel } from '../actions/cancel.ts';
import { check } from '../actions/check.ts';
import { pause } from '../actions/pause.ts';
import type { OperatorApiPorts, Replayer } from '../ports.ts';

/** The actions of which a check of the same nodes is repeated. */
const BECOMES_CHECK: ReadonlySet<unknown> = new Set(['check', 'repair']);
/** The actions that stop work, and may be repeated as they are. */
const STOPS = [cancel, pause];

/**
 * Repeats a request of a person that failed, in the name of whoever replays it: nothing proves the name in a letter. A repair
 * becomes a check; what lifts a pause or a quarantine must be asked for again, because the reason may have changed since.
 * Returns why it was not repeated.
 */
export const repeatRequest = async (
  deps: OperatorApiPorts,
  { by, ...caller }: Replayer,
  { action, requestedBy: _claimed, ...payload }: Readonly<Record<string, unknown>>,
  messageId: string,
): Promise<string | undefined> => {
  const entry = BECOMES_CHECK.has(action) ? check : STOPS.find(({ name }) => name === action);
  if (entry === undefined)
    return `a request ${JSON.stringify(action)} is not repeated: ask again, then discard the letter`;
  const known = new Set(entry.fields.map(({ name }) => name));
  const fields = {
    requestedBy: by,
    ...(entry === check
      ? {
          ...Object.fromEntries(Object.entries(payload).filter(([name]) => known.has(name))),
          // Sent back twice, it is still one request.
          requestId: `replay:${messageId}`,
        }
      : payload),
  };
  const request = entry.read(fields);
  if (!request.ok) return `reading the request: ${request.error.message}`;
  await request.value.perform(deps, caller);
  return undefined;
};
