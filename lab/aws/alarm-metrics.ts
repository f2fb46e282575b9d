import * as z from 'zod';
import type { Alarms } from './alarms.ts';
import type { LabClock } from './clock.ts';
import type { LabEvent, LabEventBus } from './lab-event.ts';
import type { Queue } from './queue-types.ts';

const Emf = z.looseObject({
  _aws: z.looseObject({
    CloudWatchMetrics: z.array(
      z.looseObject({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.looseObject({ Name: z.string() })),
      }),
    ),
  }),
});
const MINUTE_MS = 60_000;

/** A log line as a metric in the embedded metric format; undefined for any other line. */
const readEmf = (line: string): z.infer<typeof Emf> | undefined => {
  if (!line.includes('"CloudWatchMetrics"')) return undefined;
  try {
    return Emf.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
};

/** The dependencies of the metrics. */
export type AlarmMetricsOptions = {
  readonly alarms: Pick<Alarms, 'record' | 'evaluateAll'>;
  readonly clock: LabClock;
  readonly events: LabEventBus;
  readonly queues: () => readonly Queue[];
};

/** Records what functions emit, and Lambda's and SQS's own metrics; evaluates all alarms every minute. */
export const feedAlarms = ({ alarms, clock, events, queues }: AlarmMetricsOptions): void => {
  const lambda = (functionName: string, metrics: Readonly<Record<string, number>>): void => {
    for (const [name, value] of Object.entries(metrics))
      alarms.record('AWS/Lambda', name, { FunctionName: functionName }, value);
  };
  const emit = (line: string): void => {
    const read = readEmf(line);
    for (const { Namespace, Dimensions, Metrics } of read?._aws.CloudWatchMetrics ?? []) {
      for (const names of Dimensions) {
        const dimensions = Object.fromEntries(names.map((name) => [name, String(read?.[name])]));
        for (const { Name } of Metrics)
          for (const value of [read?.[Name]].flat()) alarms.record(Namespace, Name, dimensions, Number(value));
      }
    }
  };
  events.on((event: LabEvent) => {
    if (event.kind === 'function-log') emit(event.line);
    if (event.kind === 'function-throttled') lambda(event.functionName, { Throttles: 1 });
    if (event.kind === 'function-end')
      lambda(event.functionName, {
        Invocations: 1,
        Errors: event.error === undefined ? 0 : 1,
        Duration: event.wallMs,
      });
  });
  const receivedBefore = new Map<string, number>();
  const sample = (): void => {
    for (const { settings, depth, peek, activity } of queues()) {
      const { isPolled, received } = activity();
      const { visible, inFlight, delayed } = depth();
      const oldest = peek().reduce((least, { sentAt }) => Math.min(least, sentAt), clock.now());
      const values = {
        ApproximateNumberOfMessagesVisible: visible,
        ApproximateNumberOfMessagesNotVisible: inFlight,
        ApproximateNumberOfMessagesDelayed: delayed,
        ApproximateAgeOfOldestMessage: Math.floor((clock.now() - oldest) / 1000),
        // Long polls of 20 seconds, as Lambda makes them.
        NumberOfEmptyReceives: isPolled ? 3 : 0,
        NumberOfMessagesReceived: received - (receivedBefore.get(settings.name) ?? 0),
      };
      receivedBefore.set(settings.name, received);
      for (const [name, value] of Object.entries(values))
        alarms.record('AWS/SQS', name, { QueueName: settings.name }, value);
    }
    alarms.evaluateAll();
    clock.after(MINUTE_MS, sample, { background: true });
  };
  clock.after(MINUTE_MS, sample, { background: true });
};
