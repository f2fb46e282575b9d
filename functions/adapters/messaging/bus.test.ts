import type { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import { createBus } from './bus.ts';

/** A bus that stores the events that it accepts, and rejects the named events the given number of times. */
const fakeBus = (refusals: Map<string, number>) => {
  const taken: string[] = [];
  const sizes: number[] = [];
  const send = async (command: PutEventsCommand) => {
    const entries = command.input.Entries ?? [];
    sizes.push(entries.length);
    return {
      Entries: entries.map((entry) => {
        const name = String(JSON.parse(entry.Detail ?? '{}').name);
        const left = refusals.get(name) ?? 0;
        if (left > 0) {
          refusals.set(name, left - 1);
          return { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' };
        }
        taken.push(name);
        return { EventId: `e-${name}` };
      }),
    };
  };
  const bus = createBus({
    client: { send: send as EventBridgeClient['send'] },
    busName: 'fleetmend',
    wait: async () => {},
  });
  return { bus, taken, sizes };
};

const events = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ source: 'fleetmend', detailType: 'T', detail: { name: `n${i}` } }));

describe('the bus', () => {
  it('puts ten events a call, in order', async () => {
    const { bus, taken, sizes } = fakeBus(new Map());
    await bus.put(events(12));
    expect(sizes).toEqual([10, 2]);
    expect(taken).toEqual(events(12).map((e) => e.detail.name));
  });

  it('puts refused entries again', async () => {
    const { bus, taken, sizes } = fakeBus(new Map([['n1', 1]]));
    await bus.put(events(3));
    expect(sizes).toEqual([3, 1]);
    expect(taken).toEqual(['n0', 'n2', 'n1']);
  });

  it('throws with the reason if entries are rejected permanently', async () => {
    const { bus } = fakeBus(new Map([['n1', 99]]));
    await expect(bus.put(events(3))).rejects.toThrow(
      /putting events on fleetmend: 1 refused.*ThrottlingException: slow down/,
    );
  });
});
