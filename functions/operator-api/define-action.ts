import { defineEntry, type Entry, type PayloadSchema } from '../../core/api/entry.ts';
import type { Way } from '../../core/api/way.ts';
import type { Caller, OperatorApiPorts } from './ports.ts';

/** A parsed request; `perform` carries it out. */
export type AcceptedRequest<Answer> = {
  /** The payload with its defaults. */
  readonly request: Readonly<Record<string, unknown>>;
  /** The way that allows it. */
  readonly way: Exclude<Way, 'look'>;
  readonly isDryRun: boolean;
  readonly perform: (deps: OperatorApiPorts, caller: Caller) => Promise<Answer>;
};

/** What an action does with its payload: it answers at once, or refuses what is not allowed, with the field that is wrong. */
type Perform<Payload, Answer> = (
  deps: OperatorApiPorts,
  caller: Caller,
  payload: Omit<Payload, 'dryRun'>,
) => Promise<Answer>;

/** Defines an action. A dry run says what would happen, and changes nothing. */
export const defineAction = <
  Payload extends { readonly dryRun: boolean },
  Answer extends object,
  DryAnswer extends object,
>({
  way,
  perform,
  preview,
  ...entry
}: {
  /** The payload's `action`. Names the sample `events/samples/operator-api-<name>.json`. */
  readonly name: string;
  /** A plain sentence. */
  readonly title: string;
  /** The way into operator-api that allows it, besides `act`. */
  readonly way: Exclude<Way, 'look'>;
  readonly payload: PayloadSchema<Payload>;
  readonly perform: Perform<Payload, Answer>;
  /** What would happen; reads only. */
  readonly preview: Perform<Payload, DryAnswer>;
}): Entry<AcceptedRequest<Answer | (DryAnswer & { readonly dryRun: true })>> =>
  defineEntry(entry, ({ dryRun: isDryRun, ...payload }: Payload) => ({
    request: { action: entry.name, ...payload, ...(isDryRun ? { dryRun: true } : {}) },
    way,
    isDryRun,
    perform: async (deps, caller) =>
      isDryRun ? { ...(await preview(deps, caller, payload)), dryRun: true } : await perform(deps, caller, payload),
  }));
