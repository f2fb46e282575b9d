import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aCommand } from '../../test/support/runs.ts';
import { batchesOf, batchKeys, batchOf, commandKey, documentsOf } from './batch.ts';

const document = (name: string) => ({ name, executionTimeoutSeconds: 60 });

describe('documentsOf', () => {
  it('finds the document of a key, and none for a key that is not deployed', () => {
    const documents = { 'cni-files-repair': document('a'), 'cni-files-repair-old': document('b') };
    expect(documentsOf(documents, 'cni-files-repair')).toEqual([{ key: 'cni-files-repair', ...document('a') }]);
    expect(documentsOf(documents, 'cni-files')).toEqual([]);
  });

  it('finds the numbered parts of a key in the order of their numbers', () => {
    const documents = Object.fromEntries([10, 2, 1].map((n) => [`node-check-${n}`, document(`d${n}`)]));
    expect(documentsOf(documents, 'node-check').map(({ name }) => name)).toEqual(['d1', 'd2', 'd10']);
    expect(documentsOf({ 'node-check-0': document('zero') }, 'node-check')).toEqual([]);
    for (const name of ['node-check-1a', 'node-check-a1', 'node-checks-1', 'node-check1', 'pause-check-1']) {
      expect(documentsOf({ [name]: document('other') }, 'node-check')).toEqual([]);
    }
  });
});

describe('the key of a command', () => {
  it('leads back to its batch, and the keys of a batch are distinct', async () => {
    await fc.assert(
      fc.property(fc.nat().map(String), fc.integer({ min: 1, max: 9 }), (batch, parts) => {
        const keys = batchKeys({ key: commandKey(batch, 1, parts), parts });
        expect(new Set(keys).size).toBe(parts);
        expect(keys.map(batchOf)).toEqual(keys.map(() => batch));
      }),
      { verbose: true },
    );
  });

  it('is the key of the batch if there is one part', () => {
    expect(batchKeys({ key: '7' })).toEqual(['7']);
    expect(batchKeys({ key: '7.2', parts: 2 })).toEqual(['7.1', '7.2']);
  });
});

it('batchesOf keeps the order in which batches were planned', () => {
  const commands = ['2.1', '2.2', '1'].map((key) => aCommand({ key }));
  expect(batchesOf(commands).map((batch) => batch.map(({ key }) => key))).toEqual([['2.1', '2.2'], ['1']]);
});
