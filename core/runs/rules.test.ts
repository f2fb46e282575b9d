import { describe, expect, it } from 'vitest';
import { frozenRules, rules } from '../../test/support/rules.ts';
import { DOCUMENT, START } from '../../test/support/runs.ts';
import { deployedOf, forbiddenOn, isDisruptive, isFrozenFor, isManaged, knowledgeOf, mayRepairOn } from './rules.ts';

const strict = rules({ clusters: [{ name: 'demo', mode: 'repair' }] });

describe('the knowledge by which results are decided', () => {
  it('names node-local reasons, the remediations that may repair, and the reasons that none can', () => {
    expect(knowledgeOf(rules(), 'demo')).toEqual({
      nodeLocal: new Set(['DiskFull']),
      repairable: new Set(['pause-image', 'cni']),
      unrepairable: new Set(['SandboxImageMismatch']),
    });
    expect(knowledgeOf(strict, 'demo').repairable).toEqual(new Set(['pause-image']));
  });

  it('lets nothing repair on a cluster that the policy does not list', () => {
    expect(knowledgeOf(rules(), 'other')).toMatchObject({ repairable: new Set(), nodeLocal: new Set(['DiskFull']) });
  });
});

describe('a remediation', () => {
  it('that restarts something repairs only where the policy allows it', () => {
    expect(mayRepairOn(rules(), 'demo', 'cni')).toBe(true);
    expect(mayRepairOn(strict, 'demo', 'cni')).toBe(false);
    expect(mayRepairOn(strict, 'demo', 'pause-image')).toBe(true);
  });

  it('that is not deployed, or whose cluster is not listed, repairs nothing', () => {
    expect(mayRepairOn(rules(), 'demo', 'gone')).toBe(false);
    expect(mayRepairOn(rules(), 'other', 'pause-image')).toBe(false);
    expect(isDisruptive(rules(), 'gone')).toBe(false);
    expect(isManaged(rules(), 'other')).toBe(false);
  });

  it('that restarts something is held back by a freeze window of its cluster', () => {
    expect(isFrozenFor(frozenRules(), 'demo', 'cni', START)).toBe(true);
    expect(isFrozenFor(frozenRules(), 'demo', 'pause-image', START)).toBe(false);
    expect(isFrozenFor(rules(), 'demo', 'cni', START)).toBe(false);
    expect(isFrozenFor(rules(), 'other', 'cni', START)).toBe(false);
  });

  it('sends the document of its key, and a check all of its parts in their order', () => {
    expect(deployedOf(rules(), 'pause-image-repair').map(({ name }) => name)).toEqual([DOCUMENT.name]);
    expect(deployedOf(rules(), 'node-check').map(({ key }) => key)).toEqual(['node-check-1', 'node-check-2']);
  });
});

it('names the line of the configuration that forbids a repair, and what it makes of a node', () => {
  const observing = rules({ clusters: [{ name: 'demo' }] });
  expect(forbiddenOn(strict, 'demo', 'cni')).toMatchObject({ skipReason: 'NotAllowed' });
  expect(forbiddenOn(observing, 'demo', 'cni')).toEqual({
    skipReason: 'Observe',
    why: 'clusters[name=demo].mode is observe in the configuration',
  });
  expect([forbiddenOn(strict, 'other', 'cni'), forbiddenOn(strict, 'demo', 'none')]).toEqual([undefined, undefined]);
  expect(forbiddenOn(strict, 'demo', 'pause-image')).toBeUndefined();
});
