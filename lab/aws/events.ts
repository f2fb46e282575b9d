import * as z from 'zod';
import { AwsError } from './aws-error.ts';
import type { EventBuses } from './event-bus.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';
import { operation, type Service } from './service.ts';
import { jsonWire } from './wire.ts';

const Entry = z.strictObject({
  Time: z.number().optional(),
  Source: z.string().optional(),
  Resources: z.array(z.string().max(2048)).optional(),
  DetailType: z.string().optional(),
  Detail: z.string().optional(),
  EventBusName: z.string().min(1).max(1600).optional(),
  TraceHeader: z.string().max(500).optional(),
});

const MAX_ENTRIES_BYTES = 256 * 1024;

const entryBytes = (entry: z.infer<typeof Entry>): number =>
  (entry.Time === undefined ? 0 : 14) +
  Buffer.byteLength(entry.Source ?? '') +
  Buffer.byteLength(entry.DetailType ?? '') +
  Buffer.byteLength(entry.Detail ?? '') +
  (entry.Resources ?? []).reduce((n, r) => n + Buffer.byteLength(r), 0);

const isJsonObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

/** The dependencies of the EventBridge API. */
export type EventsOptions = { readonly buses: EventBuses; readonly random: Random; readonly faults: Faults };

/** EventBridge: PutEvents, AWS JSON 1.1 (`AWSEvents.*`). */
export const createEvents = ({ buses, random, faults }: EventsOptions): Service => {
  const busArn = (name: string | undefined): string => {
    const arn = buses.busArn(name ?? 'default');
    if (arn === undefined)
      throw new AwsError('ResourceNotFoundException', `Event bus ${name ?? 'default'} does not exist.`);
    return arn;
  };
  const putOne = (entry: z.infer<typeof Entry>): Record<string, unknown> => {
    const fail = (ErrorCode: string, ErrorMessage: string) => ({ ErrorCode, ErrorMessage });
    if (entry.Source === undefined || entry.Source === '')
      return fail('InvalidArgument', 'Parameter Source is not valid. Reason: Source is a required argument.');
    if (entry.DetailType === undefined || entry.DetailType === '')
      return fail('InvalidArgument', 'Parameter DetailType is not valid. Reason: DetailType is a required argument.');
    if (entry.Detail === undefined)
      return fail('InvalidArgument', 'Parameter Detail is not valid. Reason: Detail is a required argument.');
    if (!isJsonObject(entry.Detail)) return fail('MalformedDetail', 'Detail is malformed.');
    if (entry.Source.startsWith('aws.'))
      return fail('NotAuthorizedForSourceException', 'Not authorized for the source.');
    if (random() < faults.failedEntryRate) return fail('InternalFailure', 'a fault of the lab');
    const EventId = buses.put(busArn(entry.EventBusName), {
      source: entry.Source,
      detailType: entry.DetailType,
      detail: JSON.parse(entry.Detail),
      resources: entry.Resources ?? [],
      ...(entry.Time === undefined ? {} : { timeMs: entry.Time * 1000 }),
    });
    return { EventId };
  };
  const operations: Service['operations'] = {
    PutEvents: operation(z.strictObject({ Entries: z.array(Entry).min(1).max(10) }), {
      access: (input) =>
        input.Entries.map((entry) => ({
          action: 'events:PutEvents',
          resource: busArn(entry.EventBusName),
          context: { 'events:source': entry.Source ?? '', 'events:detail-type': entry.DetailType ?? '' },
        })),
      items: (input) => input.Entries.length,
      run: (input) => {
        if (input.Entries.reduce((n, e) => n + entryBytes(e), 0) > MAX_ENTRIES_BYTES) {
          throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
        }
        const Entries = input.Entries.map(putOne);
        return { FailedEntryCount: Entries.filter((e) => 'ErrorCode' in e).length, Entries };
      },
    }),
  };
  return { name: 'events', operations, ...jsonWire('AWSEvents', '1.1') };
};
