import { describe, expect, it } from 'vitest';
import { type Reported, recordedOf, renderMessage, type Texts } from './render-message.ts';

const texts: Texts = {
  version: '0badcafe',
  reasons: new Map([
    [
      'ImageMissing',
      { severity: 'Fatal', title: 'The image is missing', advice: 'Repair it.', message: ['{image} is missing.'] },
    ],
    ['Plain', { severity: 'Fatal', title: 'It is plain', advice: 'Look.' }],
  ]),
  remediations: new Map([['demo', { healthy: ['{image} is present.'], repaired: ['Repaired by {method}.'] }]]),
};
const reported = (over: Partial<Reported>): Reported => ({
  outcome: 'Broken',
  reason: 'ImageMissing',
  title: 'The image is missing',
  image: 'pause:3.5',
  ...over,
});
const shown = (over: Partial<Reported>): string => renderMessage(texts, 'demo', reported(over));

describe('the message of a result', () => {
  it.each<[string, Partial<Reported>, string]>([
    ['a fault', {}, 'pause:3.5 is missing.'],
    ['a healthy node', { outcome: 'Healthy' }, 'pause:3.5 is present.'],
    ['a repaired node', { outcome: 'Repaired', method: 'ecr' }, 'Repaired by ecr.'],
    [
      'a repair that changed nothing',
      { outcome: 'NotRepaired', evidence: { changed: false } },
      'pause:3.5 is missing. Nothing was changed on the node.',
    ],
    [
      'a node that waits for another repair',
      { outcome: 'Skipped', evidence: { blockedBy: 'pause-image (SandboxImageMissing)' } },
      'pause:3.5 is missing. Blocked by pause-image (SandboxImageMissing), which must be repaired first.',
    ],
    [
      'a script that reached its time limit',
      { outcome: 'Unknown', evidence: { timeLimitSeconds: 40 } },
      'pause:3.5 is missing. The script reached its time limit of 40 s.',
    ],
    [
      'a repair that repaired something else too',
      { outcome: 'NotRepaired', evidence: { repaired: 'CniConfigMissing' } },
      'pause:3.5 is missing. The same repair fixed CniConfigMissing.',
    ],
    [
      'a check, without the sentences of a repair',
      { evidence: { repaired: 'CniConfigMissing', changed: false, blockedBy: 'cni', timeLimitSeconds: 40 } },
      'pause:3.5 is missing.',
    ],
    ['a reason without a message of its own', { reason: 'Plain', detail: 'ctr: no.' }, 'It is plain: ctr: no.'],
    ['a reason without a message or a detail', { reason: 'Plain' }, 'It is plain.'],
    ['a reason whose facts are missing', { image: undefined }, 'The node reported "The image is missing".'],
    [
      'a fault without a reason, by the words of the node',
      { reason: undefined, title: 'The script failed', detail: 'line 3: boom' },
      'The node reported "The script failed": line 3: boom.',
    ],
    [
      'a reason of another deployment, by the words of the node',
      { reason: 'FromTheFuture', title: 'Something {image} new', detail: '`id`' },
      'The node reported "Something {image} new": `id`.',
    ],
  ])('of %s', (_, over, message) => {
    expect(shown(over)).toBe(message);
  });

  it('of all checks is that of the first finding, and the number of the others', () => {
    const finding = {
      remediation: 'demo',
      outcome: 'Broken',
      reason: 'ImageMissing',
      title: 't',
      image: 'a:1',
    } as const;
    expect(shown({ findings: [finding] })).toBe('a:1 is missing.');
    expect(shown({ findings: [finding, finding] })).toBe('a:1 is missing. 1 more check reported a fault.');
    expect(shown({ findings: [finding], cut: 2 })).toBe('a:1 is missing. 2 more checks reported a fault.');
    expect(renderMessage(texts, 'node-check', { outcome: 'Healthy' })).toBe('No check found a fault.');
  });
});

it('a node that a repair of another deployment repaired has the words of the node', () => {
  expect(renderMessage(texts, 'removed', reported({ outcome: 'Repaired', reason: 'FromTheFuture' }))).toBe(
    'The node reported "The image is missing".',
  );
});

it('a finding is that of a check', () => {
  const message = [{ when: { action: 'check' }, text: 'The check found it.' }];
  const reason = { severity: 'Fatal', title: 't', advice: 'a', message } as const;
  const own: Texts = { ...texts, reasons: new Map([['Own', reason]]) };
  const finding = { remediation: 'demo', outcome: 'Broken', reason: 'Own', title: 't' } as const;
  expect(renderMessage(own, 'node-check', { outcome: 'Broken', findings: [finding] })).toBe('The check found it.');
});

describe('a row', () => {
  it('holds the message, that of each finding, and the version of the wording', () => {
    const finding = {
      remediation: 'demo',
      outcome: 'Broken',
      reason: 'ImageMissing',
      title: 't',
      image: 'a:1',
    } as const;
    expect(recordedOf(texts, 'node-check', reported({ findings: [finding] }))).toEqual({
      message: 'a:1 is missing.',
      catalogueVersion: '0badcafe',
      findings: [{ ...finding, message: 'a:1 is missing.' }],
    });
  });

  it('has the version of the wording where at least one of its sentences was written with it', () => {
    const said = { remediation: 'demo', outcome: 'TimedOut', title: 't', message: 'no answer' } as const;
    expect(recordedOf(texts, 'node-check', reported({ findings: [said] }))).toMatchObject({
      message: 'no answer',
      catalogueVersion: '0badcafe',
    });
    const row = recordedOf(texts, 'node-check', { ...reported({ findings: [said] }), message: 'told' });
    expect(row).toEqual({ message: 'told', findings: [said] });
  });

  it('keeps the message of a result that no document reported', () => {
    expect(recordedOf(texts, 'demo', { outcome: 'TimedOut', message: 'no answer' })).toEqual({ message: 'no answer' });
  });
});
