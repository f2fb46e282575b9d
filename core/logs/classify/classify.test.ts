import { describe, expect, it } from 'vitest';
import { defineLogRule, type LogRule } from '../../model/log-lines.ts';
import { createClassifier, logReasons } from './classify.ts';
import { phrases, says } from './text.ts';

const IMAGE = 'registry.example/pause:3.9';
const OTHER = 'registry.example/pause:3.10';
const rule = (name: string, order: number, ranks: Readonly<Record<string, number>>, word = name): LogRule => {
  const [reason = ''] = Object.keys(ranks);
  return defineLogRule({
    name,
    order,
    reasons: ranks,
    read: (segment) => (says(segment, phrases(`${word} failed`)) ? { reason } : null),
  });
};
const cause = rule('disk', 20, { DiskFull: 10 });
const effect = rule('image', 10, { ImageMissing: 20 });
const records = (...lines: readonly string[]) => lines.map((line) => `E0526 11:27:32 ${line}`).join('\n');

describe('createClassifier', () => {
  it('finds nothing without rules, and in a text that no rule reads', () => {
    expect(createClassifier([])('disk failed')).toBeNull();
    expect(createClassifier([cause])('all is well')).toBeNull();
    expect(createClassifier([cause])('')).toBeNull();
  });

  it('takes the first answer in the order of the rules for one record', () => {
    const classify = createClassifier([cause, effect]);
    expect(classify('disk failed, image failed')).toEqual({ reason: 'ImageMissing' });
  });

  it('reads rules of one order by their names', () => {
    const a = rule('a', 1, { A: 2 }, 'x');
    const b = rule('b', 1, { B: 1 }, 'x');
    for (const rules of [
      [a, b],
      [b, a],
    ]) {
      expect(createClassifier(rules)('x failed')).toEqual({ reason: 'A' });
    }
  });

  it('takes the fault of the lowest rank from several records', () => {
    const classify = createClassifier([cause, effect]);
    expect(classify(records('image failed', 'disk failed'))).toEqual({ reason: 'DiskFull' });
  });

  it('takes a fault before a hint, unless the hint proves its reason', () => {
    const hinting = defineLogRule({
      ...cause,
      reasons: { DiskFull: 10 },
      read: (segment) => (says(segment, phrases('disk failed')) ? { reason: 'DiskFull', hint: true } : null),
    });
    const text = records('disk failed', 'image failed');
    expect(createClassifier([hinting, effect])(text)).toEqual({ reason: 'ImageMissing' });
    const proven = { ...hinting, provenByHint: ['DiskFull'] };
    expect(createClassifier([proven, effect])(text)).toEqual({ reason: 'DiskFull', hint: true });
  });

  it('takes the record that names the image from several with the same fault', () => {
    const naming = defineLogRule({
      name: 'image',
      order: 10,
      reasons: { ImageMissing: 20 },
      read: (segment) => {
        const image = [IMAGE, OTHER].find((one) => says(segment, [one]));
        if (image !== undefined) return { reason: 'ImageMissing', image };
        return says(segment, phrases('image failed')) ? { reason: 'ImageMissing' } : null;
      },
    });
    const classify = createClassifier([naming, cause]);
    const named = { reason: 'ImageMissing', image: IMAGE };
    expect(classify(records('image failed', `image ${IMAGE}`))).toEqual(named);
    expect(classify(records(`image ${IMAGE}`, 'image failed'))).toEqual(named);
    expect(classify(records(`image ${IMAGE}`, `image ${OTHER}`))).toEqual(named);
    expect(classify(records('image failed', 'image failed', `image ${IMAGE}`))).toEqual(named);
    expect(classify(records('image failed', 'image failed'))).toEqual({ reason: 'ImageMissing' });
    expect(classify(records('disk failed', `image ${IMAGE}`))).toEqual({ reason: 'DiskFull' });
  });

  it('leaves a record alone that quotes another program, except for a rule that owns it', () => {
    const line = 'Probe failed: disk failed';
    expect(createClassifier([cause])(line)).toBeNull();
    const owner: LogRule = { ...cause, owns: (segment) => says(segment, phrases('Probe failed')) };
    expect(createClassifier([owner])(line)).toEqual({ reason: 'DiskFull' });
  });

  it('finds nothing in the log of an application, whose text may say anything', () => {
    const shipped = (container_name: string) =>
      JSON.stringify({ log: 'disk failed', kubernetes: { container_name, namespace_name: 'kube-system' } });
    expect(createClassifier([cause])(shipped('my-app'))).toBeNull();
    expect(createClassifier([cause])(shipped('aws-node'))).toEqual({ reason: 'DiskFull' });
    // A rule that does not read what this program writes.
    expect(createClassifier([{ ...cause, notFrom: ['ipamd'] }])(shipped('aws-node'))).toBeNull();
  });

  it('takes the program that a record names where the caller names none', () => {
    const kinds: (string | undefined)[] = [];
    const asking: LogRule = {
      ...cause,
      notFrom: ['docker'],
      read: (_, kind) => {
        kinds.push(kind);
        return null;
      },
    };
    const record = JSON.stringify({ ident: 'kubelet', message: 'x' });
    for (const kind of [undefined, 'other', 'containerd', 'docker'] as const) createClassifier([asking])(record, kind);
    expect(kinds).toEqual(['kubelet', 'kubelet', 'containerd']);
  });

  it('reads nothing that follows the words of a pod in one text, up to a blank line', () => {
    const text = ['Readiness probe failed: no', 'E0526 11:27:32 disk failed', 'E0526 11:27:32 disk failed'].join('\n');
    expect(createClassifier([cause])(text)).toBeNull();
    expect(createClassifier([cause])(`${text}\n\nE0526 11:27:32 disk failed`)).toEqual({ reason: 'DiskFull' });
  });

  it('applies no other rule to a record that a rule owns', () => {
    const owner: LogRule = { ...effect, owns: (segment) => says(segment, phrases('disk')) };
    expect(createClassifier([owner, cause])('disk failed')).toBeNull();
  });

  it('passes the program that wrote the text to the rules', () => {
    const kinds: (string | undefined)[] = [];
    const asking: LogRule = {
      ...cause,
      read: (_, kind) => {
        kinds.push(kind);
        return null;
      },
    };
    createClassifier([asking])('x', 'kubelet');
    createClassifier([asking])('x');
    expect(kinds).toEqual(['kubelet', undefined]);
  });
});

describe('logReasons', () => {
  it('has every reason once, the lowest rank first, then by name', () => {
    const others = [rule('z', 1, { Z: 10 }), rule('y', 1, { DiskFull: 10 })];
    for (const rules of [
      [effect, cause, ...others],
      [...others, effect, cause],
    ]) {
      expect(logReasons(rules)).toEqual(['DiskFull', 'Z', 'ImageMissing']);
    }
  });

  it('refuses two ranks for one reason', () => {
    expect(() => createClassifier([cause, rule('other', 1, { DiskFull: 11 })])).toThrow(
      'the reason DiskFull has rank 10 in the rule disk and 11 in other',
    );
  });
});
