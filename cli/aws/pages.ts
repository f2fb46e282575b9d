import { type Item, Page } from '../schemas/shapes.ts';
import { answerOf } from './answer.ts';
import type { Payload, Stack } from './connection.ts';

/** The most items of one page. */
const PAGE_ITEMS = 500;

/** The items of a query, page by page, so that any number of them needs little memory. */
export async function* itemsOf(stack: Stack, query: Payload): AsyncGenerator<Item> {
  let next: string | undefined;
  do {
    const page = answerOf(Page, await stack.query({ limit: PAGE_ITEMS, ...query, next }), String(query.query));
    yield* page.items;
    next = page.next;
  } while (next !== undefined);
}

/** The first items of a query, and the cursor of the rest. `limit` bounds the page; heads come beside it. */
export const pageOf = async (
  stack: Stack,
  query: Payload,
): Promise<{ readonly items: readonly Item[]; readonly next?: string | undefined }> =>
  answerOf(Page, await stack.query(query), String(query.query));
