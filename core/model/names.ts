/** The keys of a table, typed: the union of names that the table defines. */
export const namesOf = <const T extends object>(table: T): readonly (keyof T & string)[] =>
  // A table is a literal of this repository: it has no keys besides those of its type.
  Object.keys(table) as (keyof T & string)[];
