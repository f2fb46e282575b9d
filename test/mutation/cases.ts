import { format } from 'node:util';

/** A test of a file: its name with those of the suites around it, and what it does. */
export type Case = { readonly name: string; readonly run: () => unknown };
type Body = (...row: readonly unknown[]) => unknown;
type Register = (name: string, body: Body) => void;

/** The tests of the file that is being loaded, and the suites that are open in it. */
let cases: Case[] = [];
let suites: readonly string[] = [];

/** The tests that a file registers while `load` loads it, each under a name of its own. */
export const casesOf = async (load: () => Promise<unknown>): Promise<readonly Case[]> => {
  cases = [];
  suites = [];
  await load();
  const seen = new Map<string, number>();
  return cases.map(({ name, run }) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return { name: times === 1 ? name : `${name} (${times})`, run };
  });
};

/** As `it.each` of vitest: a row is the arguments of its test, or the one argument. */
const withEach = (register: Register): Register & { readonly each: (rows: readonly unknown[]) => Register } =>
  Object.assign(register, {
    each: (rows: readonly unknown[]) => (name: string, body: Body) => {
      for (const row of rows) {
        const words = Array.isArray(row) ? row : [row];
        register(format(name, ...words), () => body(...words));
      }
    },
  });

/** As `it` of vitest. */
export const it = withEach((name, run) => cases.push({ name: [...suites, name].join(' > '), run }));

/** As `describe` of vitest. */
export const describe = withEach((name, body) => {
  const outer = suites;
  suites = [...outer, name];
  body();
  suites = outer;
});

/** The rest of vitest's interface, which needs no worker of vitest. */
export { expect } from 'vitest';
