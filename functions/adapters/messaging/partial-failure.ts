import type { Sleep } from '../sleep.ts';

/** An item that the service refused within an answer of 200, and why. */
export type Refusal<Item> = { readonly item: Item; readonly why: string };

/** SQS and EventBridge take at most 10 entries a call. */
export const MAX_ENTRIES_PER_CALL = 10;

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 50;

/**
 * Sends items in chunks of at most {@link MAX_ENTRIES_PER_CALL}. A 200 response of SQS or EventBridge may contain rejected
 * entries: they are sent again with increasing delays. Then an error names the rejected entries and the reasons.
 */
export const sendAll = async <Item>(
  what: string,
  items: readonly Item[],
  send: (chunk: readonly Item[]) => Promise<readonly Refusal<Item>[]>,
  wait: Sleep,
): Promise<void> => {
  for (let start = 0; start < items.length; start += MAX_ENTRIES_PER_CALL) {
    let chunk: readonly Item[] = items.slice(start, start + MAX_ENTRIES_PER_CALL);
    for (let attempt = 1; ; attempt++) {
      const refused = await send(chunk);
      const first = refused[0];
      if (first === undefined) break;
      if (attempt === ATTEMPTS) {
        throw new Error(`${what}: ${refused.length} refused after ${ATTEMPTS} attempts: ${first.why}`);
      }
      chunk = refused.map((refusal) => refusal.item);
      await wait(FIRST_WAIT_MS * 2 ** (attempt - 1));
    }
  }
};
