import { expect, it } from 'vitest';
import { aRun, at, LIMITS, node, START } from '../../test/support/runs.ts';
import { settle, wait } from './settle.ts';

const run = aRun(0);
const moment = { now: START, limits: LIMITS };
const unsupported = {
  kind: 'unsupported',
  outcome: 'Unsupported',
  reason: 'BottlerocketNode',
  message: 'm',
  advice: 'a',
} as const;
const row = {
  lane: 'demo/cni-files',
  cluster: 'demo',
  instanceId: node(0),
  reason: 'SandboxImageMissing',
  firstSeenAt: START,
  lastSeenAt: START,
  signals: 1,
  source: 'fleetmend.logs',
  because: { kind: 'log' as const },
  version: 'v',
};

it('wait defers the row of a node in its own lane, and makes one for a node that an operator named', () => {
  expect(wait(run, { instanceId: node(0), row }, at(60), START)).toEqual([
    { kind: 'defer', lane: 'demo/cni-files', rows: [[node(0), 'v']], notBefore: at(60) },
  ]);
  expect(wait(run, { instanceId: node(0) }, at(60), START)).toMatchObject([
    { kind: 'enqueue', lane: 'demo/pause-image', nodes: [[node(0), START]], notBefore: at(60) },
  ]);
});

it('settle records an unsupported node with its advice, and with the reported symptom where there is one', () => {
  const plain = settle(run, { instanceId: node(0) }, unsupported, moment);
  expect(plain).toHaveLength(1);
  expect(JSON.stringify(plain)).toContain('"message":"m","advice":"a"');
  expect(JSON.stringify(settle(run, { instanceId: node(0), row }, unsupported, moment))).toContain(
    '"message":"m (reported symptom: SandboxImageMissing)"',
  );
});

it('settle keeps the row of a Fargate or hybrid node for a day, and that of any other for the cool-down', () => {
  const untilOf = (instanceId: string) =>
    settle(run, { instanceId, row: { ...row, instanceId } }, unsupported, moment).find(({ kind }) => kind === 'defer');
  expect(untilOf(node(0))).toMatchObject({ notBefore: at(LIMITS.coolDownSeconds) });
  expect(untilOf('fargate-ip-10-0-1-2')).toMatchObject({ notBefore: at(86_400) });
});

it('settle records a temporary reason once for a row, and keeps the row until the reason ends', () => {
  const skip = { kind: 'skip', skipReason: 'CoolingDown', message: 'm', notBefore: START } as const;
  const kinds = (skipped: object) =>
    settle(run, { instanceId: node(0), row: { ...row, ...skipped } }, skip, moment).map(({ kind }) => kind);
  const first = kinds({});
  expect(kinds({ skipped: 'CoolingDown' })).toEqual(first.slice(1));
  expect(first).toHaveLength(2);
});

it("settle keeps the row of a node in the run's lane, or in its group if it has none", () => {
  const gone = { kind: 'skip', skipReason: 'Gone', message: 'm' } as const;
  const { lane, ...ofNoLane } = aRun(0, { group: 'r-9' });
  const laneOf = (of: typeof ofNoLane) =>
    settle(of, { instanceId: node(0), row }, gone, moment).find(({ kind }) => kind === 'defer');
  expect(laneOf(run)).toMatchObject({ lane: 'demo/pause-image', rows: [[node(0), 'v']] });
  expect(laneOf(ofNoLane)).toMatchObject({ lane: 'r-9' });
});

it("settle requests a check with the reason of the row, or as an operator's request", () => {
  const check = { kind: 'check', skipReason: 'Observe', message: 'm' } as const;
  expect(JSON.stringify(settle(run, { instanceId: node(0), row }, check, moment))).toContain('SandboxImageMissing');
  expect(JSON.stringify(settle(run, { instanceId: node(0) }, check, moment))).toContain('OperatorRequest');
});
