import type { Unread } from '../../core/guards/look.ts';
import { unreadOf } from './unread.ts';

/**
 * Every item of a list call, page by page. Some AWS services mark the last page by an empty token, others by none.
 * `read` returns the page of a token, and the token of the next page.
 */
export const pages = async function* <Item>(
  read: (token: string | undefined) => Promise<{ readonly items: readonly Item[]; readonly next: string | undefined }>,
): AsyncGenerator<Item> {
  let token: string | undefined;
  do {
    const { items, next } = await read(token);
    yield* items;
    token = next === '' ? undefined : next;
  } while (token !== undefined);
};

/** As {@link pages}, all items at once. */
export const allPages = async <Item>(read: Parameters<typeof pages<Item>>[0]): Promise<Item[]> => {
  const items: Item[] = [];
  for await (const item of pages(read)) items.push(item);
  return items;
};

/** Splits a list into chunks of at most `size`, for calls that limit the number of values. */
export const chunksOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** What was found, and the ids whose call failed. */
export type Chunks<Item> = { readonly found: readonly Item[]; readonly unread: ReadonlyMap<string, Unread> };

/** Reads items by id, a chunk a call. A call that fails concerns only the ids of its chunk. */
export const inChunks = async <Item>(
  asked: string,
  ids: readonly string[],
  size: number,
  read: (chunk: string[]) => Promise<readonly Item[]>,
): Promise<Chunks<Item>> => {
  const found: Item[] = [];
  const unread = new Map<string, Unread>();
  for (const chunk of chunksOf(ids, size)) {
    try {
      found.push(...(await read(chunk)));
    } catch (thrown) {
      const reason = unreadOf(asked, thrown);
      for (const id of chunk) unread.set(id, reason);
    }
  }
  return { found, unread };
};
