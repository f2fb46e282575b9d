import * as z from 'zod';
import { Refusal } from '../../core/api/refusal.ts';
import { neededWay, type Way } from '../../core/api/way.ts';
import { readQuery } from '../../functions/audit-query/query.ts';
import { readRequest } from '../../functions/operator-api/act.ts';
import { CommandError } from '../exit.ts';
import { withOptions } from './field-options.ts';

/** Where a stack is, and with whose credentials it is reached. */
export type Place = {
  /** The name of the context. */
  readonly context: string;
  readonly stack: string;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpoint?: string | undefined;
  /** The stack's functions call FIPS endpoints. */
  readonly fips?: boolean | undefined;
  /** Act even where AWS STS cannot be asked who the caller is. */
  readonly unverified?: boolean | undefined;
};

/** Invokes an alias of a function of the stack with a payload, and answers with its parsed answer. */
export type Invoke = (functionName: 'operator-api' | 'audit-query', way: Way, payload: Payload) => Promise<unknown>;

/** Connects to the functions of a stack. */
export type Connect = (place: Place) => Invoke;

const Answered = z.discriminatedUnion('ok', [
  z.looseObject({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), error: Refusal }),
]);

/** A payload as JSON: fields without a value are left out. */
export type Payload = Readonly<Record<string, unknown>>;

const answerIn = (functionName: string, answer: unknown): Payload => {
  const parsed = Answered.safeParse(answer);
  if (!parsed.success) {
    throw new CommandError('Aws', {
      message: `${functionName} gave an answer that this version of fleetmend does not understand`,
      next: 'compare the versions: fleetmend doctor',
    });
  }
  if (!parsed.data.ok) throw new CommandError('Refused', withOptions(parsed.data.error));
  const { ok, ...value } = parsed.data;
  return value;
};

const present = (payload: Payload): Payload =>
  Object.fromEntries(Object.entries(payload).filter(([, v]) => v !== undefined));

/** The functions of a stack. Payloads are checked by the functions' own schemas before they are sent. */
export type Stack = {
  readonly place: Place;
  /** @throws CommandError with the code `Usage` for a payload that is wrong, `Refused` for one that the stack refuses */
  readonly act: (payload: Payload) => Promise<Payload>;
  readonly query: (payload: Payload) => Promise<Payload>;
};

/** The stack at a place. */
export const createStack = (place: Place, connect: Connect): Stack => {
  const invoke = connect(place);
  return {
    place,
    act: async (given) => {
      const payload = present(given);
      const reading = readRequest(payload);
      if (!reading.ok) throw new CommandError('Usage', withOptions(reading.error));
      const way = neededWay(reading.value, reading.value.isDryRun);
      return answerIn('operator-api', await invoke('operator-api', way, payload));
    },
    query: async (given) => {
      const payload = present(given);
      const reading = readQuery(payload);
      if (!reading.ok) throw new CommandError('Usage', withOptions(reading.error));
      return answerIn('audit-query', await invoke('audit-query', 'look', payload));
    },
  };
};
