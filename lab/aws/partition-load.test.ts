import { expect, it } from 'vitest';
import type { LabClock } from './clock.ts';
import type { Faults } from './faults.ts';
import { createPartitionMeter } from './partition-load.ts';

it('shows the busiest second of each partition, the busiest partition first', () => {
  let nowMs = 0;
  // The meter asks for nothing else of the two.
  const clock = { now: () => nowMs } as LabClock;
  const faults = { partitionUnitsPerSecond: { writes: 1000, reads: 3000 } } as Faults;
  const meter = createPartitionMeter(clock, faults);
  const write = (partition: string, units: number, index?: string) =>
    meter.admit('writes', [{ table: 'audit', partition, units, ...(index === undefined ? {} : { index }) }]);
  for (const [atMs, units] of [
    [0, 2],
    [999, 3],
    [1000, 4],
    [2500, 1],
  ] as const) {
    nowMs = atMs;
    write('LANE#a', units);
    write('OPEN#0', 2 * units, 'byDue');
  }
  expect(meter.loads()).toMatchObject([
    { partition: 'OPEN#0', index: 'byDue', peakWrites: 10, writeUnits: 20 },
    { partition: 'LANE#a', peakWrites: 5, writeUnits: 10, throttled: 0 },
  ]);
});
