import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FUNCTION_NAMES } from '../../infra/bundle.ts';

const FUNCTIONS = join(import.meta.dirname, '../../functions');
const MAX_HANDLER_LINES = 30;

/** An import or re-export: its clause and the module that it names. `import type` and lists of types alone are no values. */
const IMPORT = /^(?:import|export)\s+(?:(?<clause>[^;'"]*?)\s+from\s+)?'(?<module>[^']+)'/gmu;

const isTypeOnly = (clause: string): boolean => {
  if (clause.startsWith('type ')) return true;
  const named = /^\{(?<names>[^}]*)\}$/u.exec(clause)?.groups?.names;
  return named?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type ')) === true;
};

type Source = { readonly name: string; readonly text: string; readonly values: readonly string[] };

const readSource = (folder: string, name: string): Source => {
  const text = readFileSync(join(FUNCTIONS, folder, name), 'utf8');
  const values = [...text.matchAll(IMPORT)].flatMap(({ groups }) =>
    groups === undefined || isTypeOnly(groups.clause ?? '') ? [] : [groups.module ?? ''],
  );
  return { name, text, values };
};

const sourcesOf = (folder: string): readonly Source[] =>
  readdirSync(join(FUNCTIONS, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readSource(folder, name));

const pascal = (name: string): string => name.replace(/(?:^|-)(\w)/gu, (_, letter: string) => letter.toUpperCase());

/** The deviations of a function's folder from the common shape, a line each. */
const faultsOf = (folder: string, sources: readonly Source[]): readonly string[] => {
  const [handler, compose, ports] = ['handler.ts', 'compose.ts', 'ports.ts'].map((name) =>
    sources.find((source) => source.name === name),
  );
  if (handler === undefined || compose === undefined || ports === undefined) {
    return ['handler.ts, compose.ts and ports.ts must be there'];
  }
  const work = sources.filter((source) => source !== handler && source !== compose && source !== ports);
  const lines = handler.text.trimEnd().split('\n').length;
  const handlerImports = /^(?:@middy\/core|\.\.\/runtime\/.*|\.\/.*)$/u;
  const claims: readonly (readonly [boolean, string])[] = [
    [work.length > 0, 'the work has a file of its own'],
    [lines <= MAX_HANDLER_LINES, `handler.ts has ${lines} lines; ${MAX_HANDLER_LINES} are allowed`],
    [handler.text.includes('export const handler = middy<'), 'handler.ts exports the wrapped handler'],
    [handler.text.match(/^export /gmu)?.length === 1, 'handler.ts exports nothing else'],
    [handler.text.includes('.use(observability(telemetry))'), 'handler.ts uses the middleware'],
    [handler.text.includes(`createTelemetry('${folder}')`), 'handler.ts names its telemetry for the function'],
    [handler.text.includes(`/** ${folder}: `), 'handler.ts describes the function by its name'],
    [
      handler.values.every((module) => handlerImports.test(module)),
      'handler.ts imports middy, the runtime and its own folder only',
    ],
    [compose.text.includes(`export const compose${pascal(folder)} = (`), `compose.ts exports compose${pascal(folder)}`],
    [ports.values.length === 0, 'ports.ts imports types only'],
    [ports.text.includes(`export type ${pascal(folder)}Ports = `), `ports.ts exports ${pascal(folder)}Ports`],
    ...work.flatMap(({ name, values }): (readonly [boolean, string])[] => [
      [
        !values.some((module) => module.startsWith('@aws-sdk/')),
        `${name} imports an AWS client: compose.ts builds those`,
      ],
      [
        !values.some((module) => /^\.\.?\/compose\.ts$/u.test(module)),
        `${name} imports compose.ts: only handler.ts does`,
      ],
      [
        !values.some((module) => /\/runtime\/(?:env|telemetry|middleware)\.ts$/u.test(module)),
        `${name} reads the environment: compose.ts does`,
      ],
    ]),
  ];
  return claims.flatMap(([holds, text]) => (holds ? [] : [text]));
};

it('has a folder for each function, and besides them only shared folders', () => {
  expect(readdirSync(FUNCTIONS).sort()).toEqual([...FUNCTION_NAMES, 'adapters', 'runtime', 'shared'].sort());
});

it.each(FUNCTION_NAMES)('%s: handler, compose, ports and the work', (folder) => {
  expect(faultsOf(folder, sourcesOf(folder))).toEqual([]);
});

describe('the shape is held:', () => {
  const good = sourcesOf('audit-query');
  const changed = (name: string, change: (text: string) => string): readonly Source[] =>
    good.map((source) => (source.name === name ? { ...source, text: change(source.text) } : source));

  it.each([
    ['a folder without ports', good.filter(({ name }) => name !== 'ports.ts'), /must be there/],
    [
      'a folder without work',
      good.filter(({ name }) => ['handler.ts', 'compose.ts', 'ports.ts'].includes(name)),
      /the work has a file/,
    ],
    [
      'a file of a subfolder that imports compose.ts',
      [...good, { name: 'queries/more.ts', text: '', values: ['../compose.ts'] }],
      /queries\/more.ts imports compose.ts/,
    ],
    ['a long handler', changed('handler.ts', (text) => `${text}${'\n// more'.repeat(30)}`), /lines; 30 are allowed/],
    [
      'a handler that is not wrapped',
      changed('handler.ts', (text) => text.replace('= middy<', '= plain<')),
      /exports the wrapped handler/,
    ],
    [
      'a handler with a second export',
      changed('handler.ts', (text) => `${text}\nexport const unwrapped = 1;`),
      /exports nothing else/,
    ],
    [
      'work that makes a client',
      [...good, { name: 'more.ts', text: '', values: ['@aws-sdk/client-sqs'] }],
      /more.ts imports an AWS client/,
    ],
  ])('%s is refused', (_, sources, fault) => {
    expect(faultsOf('audit-query', sources).join('\n')).toMatch(fault);
  });

  it('a type-only import is no value', () => {
    expect(['type { A }', '{ type A, type B }', '{ A, type B }', '* as z', 'A'].map(isTypeOnly)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
