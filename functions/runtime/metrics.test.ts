import { afterEach, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { counter, createMetrics, NOTICE_GIVEN_UP } from './metrics.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const Printed = z.looseObject({
  _aws: z.object({ CloudWatchMetrics: z.array(z.object({ Dimensions: z.array(z.array(z.string())) })) }),
});

it('what several functions count for one alarm has no dimension of a function, and all else has', () => {
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'fleetmend');
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'fleetmend');
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  for (const name of ['run-controller', 'scheduler']) {
    const metrics = createMetrics(name);
    const count = counter(metrics);
    count(NOTICE_GIVEN_UP);
    count('Overdue', 3);
    metrics.publishStoredMetrics();
  }
  const printed = print.mock.calls.map(([line]) => Printed.parse(JSON.parse(String(line))));
  const shown = printed.map(({ _aws, ...fields }) => ({
    dimensions: _aws.CloudWatchMetrics.flatMap(({ Dimensions }) => Dimensions.map((names) => names.toSorted())),
    ...fields,
  }));
  const shared = { dimensions: [['service']], service: 'fleetmend', NoticeGivenUp: 1 };
  const own = { dimensions: [['function', 'service']], service: 'fleetmend', Overdue: 3 };
  expect(shown).toEqual([shared, { ...own, function: 'run-controller' }, shared, { ...own, function: 'scheduler' }]);
});
