import { describe, expect, it } from 'vitest';
import { sqsEvent } from '../../test/support/sqs-event.ts';
import { recorder } from '../../test/support/telemetry.ts';
import { processBatch, processRecords } from './batch.ts';
import { NotYetError, PermanentError } from './errors.ts';

const world = () => {
  const letters: { body: string; reason: string }[] = [];
  const { log, count, counts, lines } = recorder();
  const returned: string[] = [];
  return {
    letters,
    returned,
    counts,
    lines,
    deps: {
      log,
      count,
      deadLetter: async (letter: { body: string; reason: string }) => {
        letters.push(letter);
      },
      returnSoon: async ({ receiptHandle }: { readonly receiptHandle: string }) => {
        returned.push(receiptHandle);
      },
    },
  };
};

describe('processBatch', () => {
  it('acknowledges the handled records, in order', async () => {
    const { deps } = world();
    const seen: unknown[] = [];
    const answer = await processBatch(deps, sqsEvent(['1', '2', '3']), async (body) => {
      seen.push(body);
    });
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(seen).toEqual([1, 2, 3]);
  });

  it('puts bad input away with its reason, and acknowledges it', async () => {
    const { deps, letters, counts } = world();
    const answer = await processBatch(deps, sqsEvent(['{', '1', '2']), async (body) => {
      if (body === 1) throw new PermanentError('field x: wrong');
    });
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(letters).toEqual([
      { body: '{', reason: 'reading the message: its body is not JSON' },
      { body: '1', reason: 'field x: wrong' },
    ]);
    expect(counts).toEqual({ BadInput: 2 });
  });

  it('returns only the record that failed, and logs the failure once', async () => {
    const { deps, lines } = world();
    const answer = await processBatch(deps, sqsEvent(['1', '2']), async (body) => {
      if (body === 1) throw new Error('throttled');
    });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    expect(lines.filter((line) => line.level === 'error')).toHaveLength(1);
  });

  it('returns a bad record that could not be put away', async () => {
    const { deps } = world();
    const broken = { ...deps, deadLetter: () => Promise.reject(new Error('no queue')) };
    const answer = await processBatch(broken, sqsEvent(['{', '1']), async () => {});
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
  });

  it('returns an answer and does not throw if every record failed', async () => {
    const { deps } = world();
    const answer = await processBatch(deps, sqsEvent(['1', '2']), () => Promise.reject(new Error('no')));
    expect(answer.batchItemFailures).toHaveLength(2);
  });

  it('keeps the order of a FIFO group after a failure', async () => {
    const { deps } = world();
    const seen: unknown[] = [];
    const answer = await processBatch({ ...deps, fifo: true }, sqsEvent(['1', '2'], 'lane'), async (body) => {
      seen.push(body);
      throw new Error('conflict');
    });
    expect(seen).toEqual([1]);
    expect(answer.batchItemFailures.map((f) => f.itemIdentifier)).toEqual(['m0', 'm1']);
  });

  it('counts each failed record and makes it visible soon, and no other', async () => {
    const { deps, counts, returned } = world();
    await processBatch(deps, sqsEvent(['1', '2', '{']), async (body) => {
      if (body === 2) throw new Error('throttled');
    });
    expect([counts, returned]).toEqual([{ BadInput: 1, FailedRecords: 1 }, ['r1']]);
  });

  it('makes the rest of a FIFO group visible with the record that failed', async () => {
    const { deps, counts, returned } = world();
    await processBatch({ ...deps, fifo: true }, sqsEvent(['1', '2'], 'lane'), async () => {
      throw new Error('conflict');
    });
    expect([counts, returned]).toEqual([{ FailedRecords: 2 }, ['r0', 'r1']]);
  });

  it('returns a record whose visibility cannot be changed, and the ones after it', async () => {
    const { deps, lines, returned } = world();
    const returnSoon = async (record: { readonly receiptHandle: string }) => {
      if (record.receiptHandle === 'r0') throw new Error('no permission');
      returned.push(record.receiptHandle);
    };
    const answer = await processBatch({ ...deps, returnSoon }, sqsEvent(['1', '2']), async () => {
      throw new Error('throttled');
    });
    expect(answer.batchItemFailures).toHaveLength(2);
    expect(returned).toEqual(['r1']);
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('returns the records for which the work that they share failed', async () => {
    const { deps, counts, returned } = world();
    const answer = await processRecords(
      deps,
      sqsEvent(['1', '2']),
      async () => {},
      async () => ['m1'],
    );
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect([counts, returned]).toEqual([{ FailedRecords: 1 }, ['r1']]);
  });

  it('returns a record that comes too early, which is no failure', async () => {
    const { deps, counts, returned, lines } = world();
    const answer = await processBatch(deps, sqsEvent(['1']), async () => {
      throw new NotYetError('not shown yet');
    });
    expect([answer.batchItemFailures.length, counts, returned]).toEqual([1, {}, ['r0']]);
    expect(lines.map(({ level }) => level)).toEqual(['info']);
  });
});
