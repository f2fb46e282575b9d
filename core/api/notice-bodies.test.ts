import { describe, expect, it } from 'vitest';
import { bodyOf } from './notice.ts';
import { TOLD_EVENTS, tellings } from './notice-texts.ts';

const UNTIL = '2026-11-29T04:00:00.000Z';
const DETAIL = {
  ...{ id: 'n-1', cluster: 'shop', remediation: 'pause-image', runId: 'r-1', document: 'doc-1', instanceId: 'i-1' },
  ...{ message: 'what the event says', advice: 'Replace it.', by: 'mei', reason: 'upgrade', covers: 'everything' },
  ...{ until: UNTIL, noticeId: 'test-1' },
};
const bodies = (detailType: string, detail: Readonly<Record<string, unknown>>): readonly string[] =>
  (tellings({ 'detail-type': detailType, detail }, 'all') ?? []).map((notice) => bodyOf(notice, 's'));

const TEXTS: readonly (readonly [detailType: string, body: string])[] = [
  [
    'Breaker Opened',
    `Repairs of shop/pause-image were stopped: the circuit breaker opened

Open until 2026-11-29T04:00:00.000Z; then the repairs begin again with canaries
Opened 3 times in a row
Document doc-1
Run r-1

Next
  fleetmend explain shop/pause-image

stack s · critical · firing · breaker/shop/doc-1`,
  ],
  [
    'Breaker Closed',
    `Repairs of shop/pause-image work again: the circuit breaker closed

Document doc-1
Run r-1

stack s · info · resolved · breaker/shop/doc-1`,
  ],
  [
    'Registry Hold',
    `A registry does not answer the nodes of shop/pause-image

what the event says
Nodes that need it wait until 2026-11-29T04:00:00.000Z

Next
  fleetmend explain shop/pause-image

stack s · warning · firing · registry/shop/pause-image`,
  ],
  [
    'Registry Hold Ended',
    `The registry answers the nodes of shop/pause-image again

what the event says
Nodes that need it wait until 2026-11-29T04:00:00.000Z

stack s · info · resolved · registry/shop/pause-image`,
  ],
  [
    'Node Quarantined',
    `shop: node i-1 is in quarantine, its repairs keep failing

No repair by pause-image until somebody releases or replaces it
Replace it.
By mei
Reason: upgrade

Next
  fleetmend explain i-1 -c shop
  fleetmend release i-1 -c shop --reason "cause removed"

stack s · warning · firing · quarantine/shop/i-1/pause-image`,
  ],
  [
    'Node Released',
    `shop: the quarantine of node i-1 has ended, pause-image may repair it again

Replace it.
By mei
Reason: upgrade

stack s · info · resolved · quarantine/shop/i-1/pause-image`,
  ],
  [
    'Paused',
    `shop: paused (everything)

Ends by itself at 2026-11-29T04:00:00.000Z
By mei
Reason: upgrade

stack s · info · firing · pause/shop`,
  ],
  [
    'Pause Ends Soon',
    `shop: the pause (everything) ends soon

Ends by itself at 2026-11-29T04:00:00.000Z; then work goes on
By mei
Reason: upgrade

Next
  fleetmend pause -c shop --for 2h --reason "takes longer"

stack s · info · firing · pause/shop`,
  ],
  [
    'Pause Ended',
    `shop: the pause (everything) has ended by itself

Ended at 2026-11-29T04:00:00.000Z. Work goes on, unless another pause holds it
By mei
Reason: upgrade

Next
  fleetmend status

stack s · info · resolved · pause/shop`,
  ],
  [
    'Resumed',
    `shop: the pause was lifted

Would have ended at 2026-11-29T04:00:00.000Z
By mei
Reason: upgrade

stack s · info · resolved · pause/shop`,
  ],
  [
    'Document Refused',
    `shop/pause-image: SSM has another document than the one that was built

Nothing was sent. Somebody may have tried to run a script of their own as root on nodes
what the event says
Run r-1

Next
  docs/operating.md, Document refused: find out in CloudTrail who changed it, then make it again

stack s · critical · firing · document/shop/pause-image`,
  ],
  [
    'Run Stuck',
    `shop/pause-image: a run was ended because its turns failed

what the event says
Run r-1. Its lane goes on

Next
  fleetmend explain r-1

stack s · critical · firing · stuck/r-1`,
  ],
  [
    'Test Notice',
    `Test of the notices

what the event says
Id test-1
By mei
Reason: upgrade

stack s · info · told · test/test-1`,
  ],
];

describe('what people read', () => {
  it.each(TEXTS)('of %s', (detailType, body) => {
    const opened = detailType === 'Breaker Opened' ? { openUntil: UNTIL, openings: 3 } : {};
    expect(bodies(detailType, { ...DETAIL, ...opened })).toEqual([body]);
  });

  it('of each event is shown above, but for the end of a run', () => {
    expect(TEXTS.map(([detailType]) => detailType)).toEqual(TOLD_EVENTS.filter((name) => name !== 'Run Ended'));
  });
});

const RUN = { id: 'n-1', runId: 'r-1', cluster: 'shop', remediation: 'pause-image', action: 'repair', because: 'log' };
const changesOf = (change: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({ change, instanceId: `i-${n}`, outcome: 'O', reason: 'R' }));
/** Six changes have no message each: the others are of another kind. */
const ended = (change: string, own: number, others = 0) => {
  const changes = [...changesOf(change, own), ...changesOf(change === 'works' ? 'broken' : 'works', others)];
  return bodies('Run Ended', { ...RUN, changes, changed: changes.length })[0]?.split('\n') ?? [];
};

describe('what people read of a run that ended', () => {
  it.each([
    ['not-repaired', 'shop: node i-0 was not repaired', 'shop: 6 nodes were not repaired', 'warning · firing'],
    [
      ...['relapsed', 'shop: node i-0 was repaired again, the last repair did not last'],
      ...['shop: 6 nodes were repaired again, their last repairs did not last', 'warning · firing'],
    ],
    [
      ...['broken', 'shop: node i-0 is broken, and no repair will follow'],
      ...['shop: 6 nodes are broken, and no repair will follow', 'warning · firing'],
    ],
    ['repaired', 'shop: node i-0 was repaired', 'shop: 6 nodes were repaired', 'info · resolved'],
    ['works', 'shop: node i-0 works again', 'shop: 6 nodes work again', 'info · resolved'],
  ] as const)('nodes that are %s', (change, one, many, state) => {
    const next = state.endsWith('firing') ? ['', 'Next', '  fleetmend explain i-0 -c shop'] : [];
    expect(ended(change, 1)).toEqual([
      ...[one, '', 'i-0: O R', 'Run r-1', ...next, ''],
      `stack s · ${state} · node/shop/i-0`,
    ]);
    const group = ended(change, 6);
    expect(group.slice(0, 4)).toEqual([many, '', 'i-0: O R', 'i-1: O R']);
    expect(group.slice(7, -1)).toEqual(['i-5: O R', 'Run r-1', '', 'Next', '  fleetmend run r-1', '']);
    expect(group.at(-1)).toBe(`stack s · ${state.replace('resolved', 'told')} · nodes/shop/r-1`);
  });

  it('one node among many others is one node', () => {
    expect(ended('not-repaired', 1, 5)[0]).toBe('shop: node i-0 was not repaired');
  });

  it('that changed nothing', () => {
    expect(bodies('Run Ended', { ...RUN, counts: { Healthy: 2, TimedOut: 1 } })).toEqual([
      'shop: repair by pause-image has ended (Done)\n\nHealthy: 2\nTimedOut: 1\nRun r-1, because of log\n\nstack s · info · told · run/r-1',
    ]);
  });
});
