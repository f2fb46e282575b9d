/** The fields of `T`; those that may be undefined are optional instead. */
type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The fields that have a value: an absent field instead of one that is `undefined`. */
export const defined = <T extends object>(fields: T): Defined<T> =>
  // TypeScript cannot infer the type of filtered entries; the type above describes the result.
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;

/** The value without a field that it may lack. */
export const without = <K extends string, T extends { readonly [P in K]?: unknown }>(value: T, field: K): T => {
  const copy = { ...value };
  Reflect.deleteProperty(copy, field);
  return copy;
};
