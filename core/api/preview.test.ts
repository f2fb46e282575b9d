import { describe, expect, it } from 'vitest';
import { at, LIMITS, node, nodes } from '../../test/support/runs.ts';
import type { NodeFacts } from '../guards/decide-node.ts';
import { assumedFacts, previewOf } from './preview.ts';

const context = { action: 'repair', now: at(0), limits: LIMITS } as const;
const preview = (instanceIds: readonly string[], facts: readonly NodeFacts[], over: object = {}) =>
  previewOf(instanceIds, new Map(facts.map((it) => [it.instanceId, it])), new Map(), { ...context, ...over });

describe('a preview', () => {
  it('plans the nodes that would get a command, and names the others with the reason', () => {
    const facts = [
      assumedFacts(node(0)),
      { ...assumedFacts(node(1)), modeTag: 'off' },
      { ...assumedFacts(node(2)), autoMode: true },
    ];
    expect(preview(nodes(4), facts)).toEqual({
      planned: 1,
      skipped: [
        { instanceId: node(1), skipReason: 'OptedOut', message: expect.stringContaining('fleetmend:mode') },
        { instanceId: node(2), skipReason: 'Unsupported', message: expect.stringMatching(/^AutoModeNode: .+; .+/) },
        { instanceId: node(3), skipReason: 'Gone', message: expect.stringContaining('no such instance') },
      ],
    });
  });

  it('plans a node whose facts cannot be read for now: it waits', () => {
    const unread = { kind: 'retry', problem: 'EC2: Throttling' } as const;
    const { state, ssm, ...unknown } = assumedFacts(node(0));
    expect(preview([node(0)], [{ ...unknown, unread }])).toEqual({ planned: 1, skipped: [] });
  });

  it('assumes a node that is in order, on Linux', () => {
    expect(preview([node(0)], [assumedFacts(node(0))])).toEqual({ planned: 1, skipped: [] });
    expect(preview([node(0)], [assumedFacts(node(0))], { action: 'check' })).toEqual({ planned: 1, skipped: [] });
  });

  it('names an opted-out node without more than the reason', () => {
    const [skipped] = preview([node(1)], [{ ...assumedFacts(node(1)), modeTag: 'off' }]).skipped;
    expect(skipped?.message).toBe('its tag fleetmend:mode is off');
  });

  it('takes a node that EC2 does not show for gone, whatever the action', () => {
    expect(preview([node(3)], [], { action: 'check' }).skipped).toMatchObject([{ skipReason: 'Gone' }]);
  });

  it('uses what is stored about a node', () => {
    const state = { instanceId: node(0), cluster: 'demo', remediation: 'pause-image', attempts: {} };
    const quarantined = new Map([[node(0), { ...state, quarantinedAt: at(-60) }]]);
    const facts = new Map([[node(0), assumedFacts(node(0))]]);
    expect(previewOf([node(0)], facts, quarantined, context).skipped).toMatchObject([{ skipReason: 'Quarantined' }]);
    // A quarantine stops repairs alone.
    expect(previewOf([node(0)], facts, quarantined, { ...context, action: 'check' })).toEqual({
      planned: 1,
      skipped: [],
    });
  });

  it('lists a thousand skipped nodes, and counts the rest', () => {
    expect(preview(nodes(1000), [])).not.toHaveProperty('skippedMore');
    const { planned, skipped, skippedMore } = preview([...nodes(1001), 'i-0a'], [assumedFacts('i-0a')]);
    expect([planned, skipped.length, skippedMore]).toEqual([1, 1000, 1]);
  });
});
