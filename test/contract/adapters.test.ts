import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

type Import = { readonly file: string; readonly module: string; readonly isType: boolean };

/** Every module that a text names: static and dynamic imports and re-exports. */
const importsOf = (file: string, text: string): readonly Import[] =>
  [
    ...text.matchAll(/^(?:import|export)\s+(?:(?<clause>[^;'"]*?)\s+from\s+)?'(?<module>[^']+)'/gmu),
    ...text.matchAll(/\bimport\(\s*'(?<module>[^']+)'\s*\)/gu),
  ].map(({ groups }) => ({
    file,
    module: groups?.module ?? '',
    isType: groups?.clause?.startsWith('type ') === true,
  }));

const PRODUCT = '{core,events,ssm-documents,functions,infra,cli}/**/*.ts';
const files = [PRODUCT, 'test/{contract,support}/**/*.ts']
  .flatMap((glob) => globSync(glob, { cwd: ROOT }))
  // Its own samples of forbidden imports are below.
  .filter((file) => !file.endsWith('contract/adapters.test.ts'));
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(ROOT, file), 'utf8')));

/** The files that may send DynamoDB requests: the helper and the maker of its client; and the support that makes and fills test tables. */
const TABLE_CODE = [
  'functions/adapters/table/document-client.ts',
  'functions/adapters/table/table.ts',
  'test/support/table.ts',
  'test/support/batched-writes.ts',
];
const isDynamoDb = (module: string): boolean => /^@aws-sdk\/(?:lib|client)-dynamodb$/u.test(module);
const reachesTable = ({ file, module, isType }: Import): boolean =>
  isDynamoDb(module) && !isType && !TABLE_CODE.includes(file);

/** The service of an adapter: the name of its folder, or undefined for what all adapters share. */
const serviceOf = (path: string): string | undefined =>
  /functions\/adapters\/(?<service>[^/]+)\//u.exec(path)?.groups?.service;

const crossesServices = ({ file, module }: Import): boolean => {
  const from = serviceOf(file);
  if (from === undefined || !module.startsWith('.')) return false;
  const to = serviceOf(join(file, '..', module));
  return to !== undefined && to !== from;
};

/** The AWS clients that an adapter's folder may import. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  table: ['client-dynamodb', 'lib-dynamodb'],
  ssm: ['client-ssm'],
  ec2: ['client-ec2'],
  eks: ['client-eks'],
  ecr: ['client-ecr'],
  messaging: ['client-sqs', 'client-eventbridge', 'client-sns'],
  lambda: ['client-lambda'],
  sts: ['client-sts'],
};

const importsForeignClient = ({ file, module }: Import): boolean => {
  const service = serviceOf(file);
  const client = /^@aws-sdk\/(?<client>.+)$/u.exec(module)?.groups?.client;
  return service !== undefined && client !== undefined && CLIENTS[service]?.includes(client) !== true;
};

const isProduct = ({ file }: Import): boolean => !file.endsWith('.test.ts');

it('reads the imports of the whole product', () => {
  expect(new Set(imports.map(({ file }) => file)).size).toBeGreaterThan(200);
  expect(imports.filter(({ module }) => isDynamoDb(module)).map(({ file }) => file)).toEqual(
    expect.arrayContaining(TABLE_CODE),
  );
});

describe('adapters', () => {
  it('reach the audit table through its helper alone, as tests do', () => {
    expect(imports.filter(reachesTable)).toEqual([]);
  });

  it('import no adapter of another service', () => {
    expect(imports.filter(isProduct).filter(crossesServices)).toEqual([]);
  });

  it('import the client of their own service alone', () => {
    expect(imports.filter(isProduct).filter(importsForeignClient)).toEqual([]);
  });
});

/** Clients that a text builds without the common options. */
const bareClients = (text: string): readonly string[] =>
  [...text.matchAll(/new \w+Client\((?!AWS_CLIENT\.|\{ \.\.\.AWS_CLIENT\.)[^)]*\)/gu)].map(([call]) => call);

it('builds every AWS client of a function with the common options', () => {
  const functions = files.filter((file) => file.startsWith('functions/') && !file.endsWith('.test.ts'));
  const built = functions.flatMap((file) =>
    bareClients(readFileSync(join(ROOT, file), 'utf8')).map((call) => [file, call]),
  );
  expect(built).toEqual([]);
  expect(bareClients('new SSMClient({}); new ECRClient({ region })')).toHaveLength(2);
  expect(bareClients('new SSMClient(AWS_CLIENT.once); new ECRClient({ ...AWS_CLIENT.once, region })')).toEqual([]);
});

describe('the checks find', () => {
  const one = (file: string, text: string): Import => importsOf(file, text)[0] ?? expect.fail('no import was read');

  it.each([
    [
      'a command beside the helper',
      reachesTable,
      'functions/shared/x.ts',
      "import { GetCommand } from '@aws-sdk/lib-dynamodb';",
    ],
    [
      'one in a test',
      reachesTable,
      'functions/shared/x.test.ts',
      "import {\n  PutCommand,\n} from '@aws-sdk/lib-dynamodb';",
    ],
    [
      'one that is imported late',
      reachesTable,
      'functions/a/x.ts',
      "const { PutCommand } = await import('@aws-sdk/lib-dynamodb');",
    ],
    [
      'an adapter in another',
      crossesServices,
      'functions/adapters/ec2/x.ts',
      "import { createPace } from '../table/pace.ts';",
    ],
    [
      'a type of another',
      crossesServices,
      'functions/adapters/ec2/x.ts',
      "import type { Pace } from '../table/pace.ts';",
    ],
    [
      'a client of another service',
      importsForeignClient,
      'functions/adapters/ec2/x.ts',
      "import type { SSMClient } from '@aws-sdk/client-ssm';",
    ],
  ])('%s', (_, finds, file, text) => {
    expect(finds(one(file, text))).toBe(true);
  });

  it.each([
    [
      'the type of an item',
      reachesTable,
      'functions/a/x.ts',
      "import type { NativeAttributeValue } from '@aws-sdk/lib-dynamodb';",
    ],
    ['what adapters share', crossesServices, 'functions/adapters/ec2/x.ts', "import { sleep } from '../sleep.ts';"],
    ['a neighbour', crossesServices, 'functions/adapters/ec2/x.ts', "import { tagsOf } from './instances.ts';"],
  ])('no fault in %s', (_, finds, file, text) => {
    expect(finds(one(file, text))).toBe(false);
  });
});
