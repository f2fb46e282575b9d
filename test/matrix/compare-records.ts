/**
 * Compares what two builds of the documents did to the same broken nodes:
 * `node test/matrix/compare-records.ts BEFORE.jsonl AFTER.jsonl`, both written by `render.ts --record`. Prints each cell whose
 * outcome, reason, method, cause, evidence or state of the node differs, and ends with exit code 1 where one does. Evidence
 * may be added, never lost or changed.
 */
import { readFileSync } from 'node:fs';
import * as z from 'zod';

const Result = z.looseObject({ evidence: z.record(z.string(), z.unknown()).optional() });
const Line = z.object({
  generation: z.string(),
  remediation: z.string(),
  fault: z.string(),
  check: Result,
  repair: Result,
  changes: z.array(z.string()),
});
type Line = z.infer<typeof Line>;

const FIELDS = ['outcome', 'reason', 'skipReason', 'method', 'cause', 'willRecur', 'image', 'digest'] as const;
/** Names of the fields in result lines of version 1. */
const OLD_NAMES: Readonly<Record<string, string>> = { skipReason: 'why', method: 'rung' };

/** What differs from run to run of the same documents: times, identifiers, counts of retries. */
const steady = (text: string): string =>
  text
    .replace(/\d{8}T\d{6}Z(?:-\d+)?/g, 'TIME')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\b[0-9a-f]{12,}\b/g, 'ID')
    // Numbers that containerd gives its snapshots, and places in the lists that ctr prints.
    .replace(/\/(snapshots|images|content|containers)\/\d+/g, '/$1/N');

const fieldOf = (result: z.infer<typeof Result>, name: string): unknown =>
  result[name] ?? result[OLD_NAMES[name] ?? name];

const read = (file: string): ReadonlyMap<string, Line> =>
  new Map(
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Line.parse(JSON.parse(line)))
      .map((line) => [`${line.generation}: ${line.remediation}: ${line.fault}`, line]),
  );

const differencesOf = (before: Line, after: Line): string[] => [
  ...(['check', 'repair'] as const).flatMap((action) => [
    ...FIELDS.filter(
      (name) => JSON.stringify(fieldOf(before[action], name)) !== JSON.stringify(fieldOf(after[action], name)),
    ).map((name) => `${action}: ${name}: ${fieldOf(before[action], name)} → ${fieldOf(after[action], name)}`),
    ...Object.entries(before[action].evidence ?? {})
      .filter(([name, value]) => steady(String(after[action].evidence?.[name])) !== steady(String(value)))
      .map(([name, value]) => `${action}: evidence ${name}: ${value} → ${after[action].evidence?.[name]}`),
  ]),
  ...setDifferences(before.changes.map(steady), after.changes.map(steady)).map((line) => `state: ${line}`),
];

const setDifferences = (before: readonly string[], after: readonly string[]): string[] => [
  ...before.filter((line) => !after.includes(line)).map((line) => `only before: ${line}`),
  ...after.filter((line) => !before.includes(line)).map((line) => `only after: ${line}`),
];

const [beforeFile, afterFile] = process.argv.slice(2);
if (beforeFile === undefined || afterFile === undefined) {
  console.error('usage: node test/matrix/compare-records.ts BEFORE.jsonl AFTER.jsonl');
  process.exit(2);
}
const [before, after] = [read(beforeFile), read(afterFile)];
let different = 0;
for (const [cell, line] of before) {
  const other = after.get(cell);
  const found = other === undefined ? ['was not run after'] : differencesOf(line, other);
  if (found.length === 0) continue;
  different += 1;
  console.log(`${cell}\n${found.map((text) => `  ${text}`).join('\n')}`);
}
const added = [...after.keys()].filter((cell) => !before.has(cell));
for (const cell of added) console.log(`${cell}: was not run before`);
console.log(
  `${before.size - different} of ${before.size} cells are the same, ${different} differ, ${added.length} are new`,
);
process.exitCode = different + added.length === 0 ? 0 : 1;
