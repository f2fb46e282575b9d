/** A number with its noun: `1 node`, `3 nodes`, `1,200 nodes`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
