import { describe, expect, it } from 'vitest';
import { MAX_RESULT_BYTES, readResult } from './document-result.ts';
import { failure, success } from './result.ts';

const line = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  v: 2,
  remediation: 'pause-image',
  action: 'repair',
  outcome: 'Repaired',
  reason: 'SandboxImageMissing',
  method: 'ecr-token',
  title: 'pulled and pinned',
  startedAt: '2026-08-22T10:00:00Z',
  endedAt: '2026-08-22T10:00:05.123Z',
  ...over,
});
const DIGEST = `sha256:${'0'.repeat(64)}`;
const json = JSON.stringify(line());

describe('a result line', () => {
  it.each<[string, string]>([
    ['alone', json],
    ['with a line end', `${json}\n`],
    ['with a Windows line end', `${json}\r\n`],
    ['before stderr', `${json}\n----------ERROR-------\n{"v":1,"outcome":"Healthy"}`],
    ['after other lines', `warning: something\n${json}\nbye`],
    ['before another result', `${json}\n${JSON.stringify(line({ outcome: 'Healthy' }))}`],
  ])('%s is read', (_, output) => {
    expect(readResult(output)).toEqual(success(line()));
  });

  it('at the size that a script may print is read', () => {
    const findings = Array.from({ length: 3 }, (_, i) => ({
      remediation: `r-${i}`,
      outcome: 'Broken',
      reason: 'SandboxImageMissing',
      title: 'm'.repeat(80),
      detail: 'd'.repeat(300),
    }));
    const full = JSON.stringify(line({ action: 'check', outcome: 'Broken', findings, cut: 2 }));
    expect(full.length).toBeLessThan(MAX_RESULT_BYTES.check);
    expect(readResult(full).ok).toBe(true);
  });

  it('may have a digest', () => {
    expect(readResult(JSON.stringify(line({ digest: DIGEST })))).toEqual(success(line({ digest: DIGEST })));
  });

  it('of a part of node-check is read', () => {
    const part = line({ remediation: 'node-check', action: 'check', outcome: 'Healthy', part: 1, parts: 2 });
    expect(readResult(JSON.stringify(part))).toEqual(success(part));
  });

  it.each<[string, string, RegExp]>([
    ['a part beyond the last', JSON.stringify(line({ part: 3, parts: 2 })), /field part: part and parts/],
    ['a part of an unknown number', JSON.stringify(line({ part: 1 })), /field part: part and parts/],
    ['a number of parts without the part', JSON.stringify(line({ parts: 2 })), /field part: part and parts/],
    ['a part 0', JSON.stringify(line({ part: 0, parts: 2 })), /field part:/],
    ['half a part', JSON.stringify(line({ part: 1, parts: 1.5 })), /field parts:/],
    ['nothing', '', /printed no result line/],
    ['only stderr', '\n----------ERROR-------\nbash: line 3: boom', /printed no result line/],
    ['only stderr with a result in it', `\n----------ERROR-------\n${json}`, /printed no result line/],
    ['a cut line', json.slice(0, -20), /is not JSON \(\d+ characters; was it cut\?\)/],
    ['a list', `[${json}]`, /printed no result line/],
    ['another version', JSON.stringify(line({ v: 1 })), /field v:/],
    ['no outcome', JSON.stringify(line({ outcome: undefined })), /field outcome:/],
    ['an outcome that only fleetmend gives', JSON.stringify(line({ outcome: 'Relapsed' })), /field outcome:/],
    ['a field that nobody knows', JSON.stringify(line({ shell: 'rm -rf /' })), /field \(line\): .*shell/],
    ['a reason that is no name', JSON.stringify(line({ reason: '$(reboot)' })), /field reason:/],
    ['a detail without end', JSON.stringify(line({ detail: 'x'.repeat(301) })), /field detail:/],
    ['a reason that only ends as a name', JSON.stringify(line({ reason: '$Reboot' })), /field reason:/],
    ['a reason that only begins as a name', JSON.stringify(line({ reason: 'Reboot$' })), /field reason:/],
    ['a method that only ends as one', JSON.stringify(line({ method: '$ecr' })), /field method:/],
    ['a method that only begins as one', JSON.stringify(line({ method: 'ecr1' })), /field method:/],
    ['a digest behind something', JSON.stringify(line({ digest: `x${DIGEST}` })), /field digest:/],
    ['a digest before something', JSON.stringify(line({ digest: `${DIGEST}0` })), /field digest:/],
    ['a digest of other letters', JSON.stringify(line({ digest: `sha256:${'g'.repeat(64)}` })), /field digest:/],
    ['evidence whose name only ends as one', JSON.stringify(line({ evidence: { $free: 1 } })), /field evidence/],
    ['evidence whose name only begins as one', JSON.stringify(line({ evidence: { free$: 1 } })), /field evidence/],
    ['a digest that is none', JSON.stringify(line({ digest: 'sha256:0' })), /field digest:/],
    ['a number that no table holds', JSON.stringify(line({ evidence: { free: 1e300 } })), /field evidence\.free:/],
    ['a number too small to hold', JSON.stringify(line({ evidence: { free: 1e-200 } })), /field evidence\.free:/],
    ['an infinite number', json.replace('"v":2', '"v":2,"evidence":{"free":1e999}'), /field evidence\.free:/],
    ['an empty name', JSON.stringify(line({ evidence: { '': 1 } })), /field evidence/],
    [
      'a name of every object',
      JSON.stringify(line({ evidence: { constructor: 'x' } })),
      /field evidence\.constructor:/,
    ],
    ['a nested value', JSON.stringify(line({ evidence: { a: { b: 1 } } })), /field evidence\.a:/],
    ['a time that is none', JSON.stringify(line({ endedAt: 'yesterday' })), /field endedAt:/],
  ])('with %s cannot be read, and says why', (_, output, message) => {
    const reading = readResult(output);
    expect(reading).toEqual(failure(expect.stringMatching(message)));
    expect(!reading.ok && reading.error.length).toBeLessThan(700);
  });

  it.each([0, -0.5, 1e-9, -1e-9, 2 ** 53 - 1, 0.1])('may have the number %s as evidence', (free) => {
    expect(readResult(JSON.stringify(line({ evidence: { free } })))).toEqual(success(line({ evidence: { free } })));
  });

  it.each([9e-10, 2 ** 53])('may not have the number %s as evidence', (free) => {
    expect(readResult(JSON.stringify(line({ evidence: { free } })))).toEqual(
      failure(expect.stringMatching(/field evidence\.free: out of range/)),
    );
  });

  it('that would reach into a prototype reaches nothing', () => {
    readResult(json.replace('"v":2', '"v":2,"evidence":{"__proto__":true,"constructor":true}'));
    expect(Object.hasOwn({}, 'polluted')).toBe(false);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(readResult('{"__proto__":{"polluted":true}}').ok).toBe(false);
  });

  it('with half a character is made well-formed', () => {
    const reading = readResult(json.replace('pulled', 'pulled\\ud83d'));
    expect(reading.ok && reading.value.title.isWellFormed()).toBe(true);
  });
});
