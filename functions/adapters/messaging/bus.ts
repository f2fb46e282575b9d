import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { type Sleep, sleep } from '../sleep.ts';
import { sendAll } from './partial-failure.ts';

/** An event to put on the bus. An entry may have 256 KB in all (EventBridge quota); ours have some hundred bytes. */
export type BusEvent = {
  readonly source: string;
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

/** Fleetmend's event bus. */
export type Bus = {
  /** Returns once the bus has accepted every event; throws if it rejects one. Order within the call is kept. */
  readonly put: (events: readonly BusEvent[]) => Promise<void>;
};

/** The EventBridge bus, ten events a call; refused entries of a 200 answer are sent again, then thrown. */
export const createBus = ({
  client,
  busName,
  wait = sleep,
}: {
  readonly client: Pick<EventBridgeClient, 'send'>;
  readonly busName: string;
  readonly wait?: Sleep;
}): Bus => ({
  put: async (events) => {
    await sendAll(
      `putting events on ${busName}`,
      events,
      async (chunk) => {
        const answer = await client.send(
          new PutEventsCommand({
            Entries: chunk.map((event) => ({
              EventBusName: busName,
              Source: event.source,
              DetailType: event.detailType,
              Detail: JSON.stringify(event.detail),
            })),
          }),
        );
        // The response lists the entries in the order of the request (EventBridge API, PutEvents).
        return chunk.flatMap((item, i) => {
          const entry = answer.Entries?.[i];
          if (entry?.EventId !== undefined) return [];
          return [{ item, why: `${entry?.ErrorCode ?? 'no answer'}: ${entry?.ErrorMessage ?? item.detailType}` }];
        });
      },
      wait,
    );
  },
});
