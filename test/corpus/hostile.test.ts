import { describe, expect, it } from 'vitest';
import { MAX_TEXT_LENGTH, readText } from '../../core/logs/classify/text.ts';
import { readSymptoms } from '../../core/logs/symptoms.ts';
import { classify, mayShow } from '../../ssm-documents/classify.ts';

const BYTES = 1024 * 1024;
/** The most processor time that reading a line of 1 MB may take, over that of parsing it as JSON. */
const MAX_OVER_PARSE = 5;
const ROUNDS = 12;
const FRAME = 'E0312 07:41:09.552310    2871 log.go:32] "RunPodSandbox from runtime service failed" err="';

const PARTS: readonly (readonly [string, string])[] = [
  ['backslashes', '\\'],
  ['backslashes in runs', `${'\\'.repeat(64)}x`],
  ['quotation marks', '"'],
  ['quotation marks of many levels', '\\"exec: \\"'],
  ['escapes', '\\n\\t\\r'],
  ['braces', '{'],
  ['brackets', '['],
  ['nested JSON', '{"message":"'],
  ['colours', '\u001b[31m'],
  ['tabs', '\t'],
  ['line ends', '\n'],
  ['short lines', 'a\n'],
  ['blanks', ' '],
  ['digits', '1'],
  ['letters', 'a'],
  ['letters of Unicode', 'é'],
  ['characters that stand for eighteen', '\ufdfa'],
  ['control characters', '\u0001'],
  ['entities', '&quot;'],
  ['the errors of gRPC', 'rpc error: code = Unknown desc = '],
  ['the starts of records', 'E0312 07:41:09.552310    2871 log.go:32] '],
  ['the starts of lines', '\nE0312 07:41:09.552310    2871 log.go:32] x'],
  ['events', 'Warning  Failed  3m '],
  ['values of several lines', 'a=<\n\tx\n'],
  ['names of images', 'a.example/pause:3.9 '],
  ['requests', 'https://a.example/v2/b/manifests/'],
  ['units', 'unit docker.service: '],
  ['the configuration of providers', 'credentialproviderconfig '],
  ['the folder of plugins', 'plugin binary directory '],
];

/** The processor time of this process that the work takes, in milliseconds. */
const cpu = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

/** How much more processor time it takes to read a line than to parse it as JSON: the least of some rounds. */
const overParsing = (line: string): number => {
  const json = JSON.stringify(line);
  let [parsing, reading] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS && (round < 3 || reading > MAX_OVER_PARSE * parsing); round += 1) {
    parsing = Math.min(
      parsing,
      cpu(() => JSON.parse(json)),
    );
    reading = Math.min(
      reading,
      cpu(() => classify(line, 'kubelet')),
    );
  }
  return reading / parsing;
};
const recordOf = (message: string): string => JSON.stringify({ systemd_unit: 'kubelet.service', message });

const repeated = (part: string): string => part.repeat(BYTES / part.length);
/** Even where escaped twice, less than what is read of a record: a longer one is cut, and is no JSON. */
const CHARACTERS = 200_000;
const INNER: readonly (readonly [string, string])[] = [
  ['lists in lists', `${'['.repeat(CHARACTERS / 2)}${']'.repeat(CHARACTERS / 2)}`],
  ['numbers', `[${'0,'.repeat(CHARACTERS / 2)}0]`],
  ['objects', `[${'{},'.repeat(CHARACTERS / 3)}{}]`],
  ['fields', `{${Array.from({ length: CHARACTERS / 12 }, (_, i) => `"f${i}":1`).join(',')}}`],
];

describe('a line of 1 MB of', () => {
  it.each(PARTS)('%s costs at most a few times its parsing, as text and in a record', (_, part) => {
    const text = `${FRAME}${repeated(part)}`;
    for (const line of [text, recordOf(text)]) expect(overParsing(line)).toBeLessThanOrEqual(MAX_OVER_PARSE);
  });

  it.each(INNER)('%s of 200 KB costs no more as JSON in the message of a record, however deep it lies', (_, value) => {
    const inner = `{"log":${JSON.stringify(FRAME)},"more":${value}}`;
    for (const line of [recordOf(inner), recordOf(JSON.stringify({ log: inner }))]) {
      expect(overParsing(line)).toBeLessThanOrEqual(MAX_OVER_PARSE);
    }
  });

  it('content without a phrase is not cleaned, and most of these have none', () => {
    const cleaned: string[] = [];
    const rules = {
      classify: (text: string) => {
        cleaned.push(text);
        return null;
      },
      mayShow,
      knows: () => true,
      mayRead: () => true,
    };
    const lines = new Map(
      PARTS.map(([name, part]) => {
        const message = part.repeat(BYTES / part.length);
        const record = { systemd_unit: 'kubelet.service', ec2_instance_id: 'i-0123456789abcdef0', message };
        return [JSON.stringify(record), name];
      }),
    );
    const withPhrases = PARTS.filter(([, part]) => mayShow(part.repeat(3))).map(([name]) => name);
    for (const message of lines.keys()) readSymptoms('demo', 'stream', [{ timestamp: 0, message }], 0, rules);
    // By their names: to show how texts of 1 MB differ takes longer than the tests.
    expect(cleaned.map((text) => lines.get(text))).toEqual(withPhrases);
    expect(cleaned.length).toBeLessThan(PARTS.length / 4);
  });

  it.each(PARTS)('%s is read to its limit, and as few records', (_, part) => {
    const records = readText(part.repeat(BYTES / part.length)) ?? [];
    expect(records.length).toBeLessThanOrEqual(201);
    expect(records.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(MAX_TEXT_LENGTH);
  });
});
