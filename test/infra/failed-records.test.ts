import { afterEach, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { processBatch } from '../../functions/runtime/batch.ts';
import { createTelemetry } from '../../functions/runtime/telemetry.ts';
import { createAlarms } from '../../lab/aws/alarms.ts';
import { createClock } from '../../lab/aws/clock.ts';
import { sqsEvent } from '../support/sqs-event.ts';
import { resourceNamed, synthesize } from './synthesized.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** A line of the embedded metric format. Source: CloudWatch user guide, "Embedded metric format specification". */
const Emf = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ),
  }),
});

/** The lines that a function prints about a batch whose records fail; its environment is that of the template. */
const printedBy = async (name: string, failing: number): Promise<readonly string[]> => {
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'fleetmend');
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'fleetmend');
  const written: string[] = [];
  const write = (chunk: unknown) => {
    written.push(String(chunk));
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(write as typeof process.stdout.write);
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const telemetry = createTelemetry(name);
  await processBatch(
    { ...telemetry, deadLetter: async () => {}, returnSoon: async () => {} },
    sqsEvent(Array.from({ length: failing }, (_, i) => i)),
    () => Promise.reject(new Error('throttled')),
  );
  telemetry.metrics.publishStoredMetrics();
  vi.restoreAllMocks();
  return written.join('').split('\n');
};

/** Puts the values of a line into the metrics that it declares, as CloudWatch does. */
const record = (
  line: string,
  put: (namespace: string, name: string, dimensions: Record<string, string>, value: number) => void,
) => {
  const emf = Emf.parse(JSON.parse(line));
  for (const { Namespace, Dimensions, Metrics } of emf._aws.CloudWatchMetrics) {
    for (const names of Dimensions) {
      const dimensions = Object.fromEntries(names.map((name) => [name, String(emf[name])]));
      for (const { Name } of Metrics) put(Namespace, Name, dimensions, Number(emf[Name]));
    }
  }
};

const { template } = synthesize();

it.each(['signal-intake', 'command-tracker', 'run-controller'])(
  'the alarm on the failed records of %s rings from the line that it prints, and ends',
  async (name) => {
    const alarmName = `fleetmend-${name}-failed-records`;
    const clock = createClock({ skipIdle: true });
    const states: unknown[] = [];
    const alarms = createAlarms(clock, (event) => {
      states.push((event.detail as { state: { value: string } }).state.value);
      return 'id';
    });
    const { Properties } = resourceNamed(template, 'AWS::CloudWatch::Alarm', 'AlarmName', alarmName);
    alarms.add(alarmName, `arn:aws:cloudwatch:eu-west-1:1:alarm:${alarmName}`, { ...Properties, AlarmActions: [] });
    const lines = (await printedBy(name, 3)).filter((line) => line.includes('"_aws"'));
    expect(lines).toHaveLength(1);
    for (const line of lines) record(line, alarms.putMetric);
    await clock.settle();
    clock.stop();
    expect(states).toEqual(['ALARM', 'OK']);
  },
);
