import { expect, it } from 'vitest';
import { answered, refuse } from './answer.ts';

it('answers with a value or a refusal, and lets trouble through', async () => {
  const refusals: unknown[] = [];
  const ask = (work: () => object) =>
    answered(
      async () => work(),
      (refused) => refusals.push(refused),
    );
  expect(await ask(() => ({ runs: 1 }))).toEqual({ ok: true, runs: 1 });
  expect(await ask(() => refuse('cluster', 'not in the policy', { allowed: ['demo'] }))).toEqual({
    ok: false,
    error: { field: 'cluster', message: 'field cluster: not in the policy', allowed: ['demo'] },
  });
  expect(refusals).toEqual([expect.objectContaining({ field: 'cluster' })]);
  const away = () => {
    throw new Error('DynamoDB is away');
  };
  await expect(ask(away)).rejects.toThrow('DynamoDB is away');
  expect(refusals).toHaveLength(1);
});
