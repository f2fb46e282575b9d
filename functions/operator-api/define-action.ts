import { defineEntry, type Entry, type PayloadSchema } from '../../core/api/entry.ts';
import type { Caller, OperatorApiPorts } from './ports.ts';

/** A parsed request; `perform` carries it out. */
export type AcceptedRequest<Answer> = {
  /** The payload with its defaults, for the log. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly perform: (deps: OperatorApiPorts, caller: Caller) => Promise<Answer>;
};

/**
 * Defines an action. `perform` answers at once, or refuses a request that is not allowed, with a message that names the field.
 */
export const defineAction = <Payload extends object, Answer extends object>({
  perform,
  ...entry
}: {
  /** The payload's `action`. Names the sample `events/samples/operator-api-<name>.json`. */
  readonly name: string;
  /** A plain sentence. */
  readonly title: string;
  readonly payload: PayloadSchema<Payload>;
  readonly perform: (deps: OperatorApiPorts, caller: Caller, payload: Payload) => Promise<Answer>;
}): Entry<AcceptedRequest<Answer>> =>
  defineEntry(entry, (payload: Payload) => ({
    request: { action: entry.name, ...payload },
    perform: (deps, caller) => perform(deps, caller, payload),
  }));
