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
