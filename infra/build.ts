import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDocuments } from '../ssm-documents/builder/build.ts';
import { remediations } from '../ssm-documents/remediations.ts';
import { BUNDLE_BUDGET_KILOBYTES, bundleFunctions, complaints } from './bundle.ts';
import { bundleCli, CLI_BUDGET_KILOBYTES } from './bundle-cli.ts';
import { filterPatterns, MAX_FILTER_PATTERN_CHARACTERS } from './log-filter.ts';
import { readWords } from './words.mjs';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

const { values } = readWords(
  `usage: npm run build [-- --quiet]
Bundles the functions and the CLI into dist, and builds the SSM documents.
  --quiet      do not print their sizes`,
  { quiet: { type: 'boolean' } },
);
const isQuiet = values.quiet === true;
const documents = buildDocuments();
const bundles = await bundleFunctions({ root, sources: join(root, 'functions'), out: join(dist, 'functions') });
for (const { name, bytes } of bundles) {
  if (isQuiet) break;
  console.log(`${name.padEnd(10)} ${String(Math.ceil(bytes / 1000)).padStart(4)} KB of ${BUNDLE_BUDGET_KILOBYTES}`);
}

const folder = join(dist, 'ssm-documents');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const { key, json } of documents) writeFileSync(join(folder, `${key}.json`), json);
if (!isQuiet) console.log(`${documents.length} SSM documents`);

for (const [kind, pattern = ''] of filterPatterns(remediations)) {
  if (isQuiet) continue;
  console.log(`log filter ${kind.padEnd(11)} ${pattern.length} of ${MAX_FILTER_PATTERN_CHARACTERS} characters`);
}

const cliKilobytes = Math.ceil((await bundleCli({ root, out: join(dist, 'cli', 'index.mjs') })) / 1000);
if (!isQuiet) console.log(`fleetmend ${cliKilobytes} KB of ${CLI_BUDGET_KILOBYTES}`);

const wrong = [
  ...bundles.flatMap(complaints),
  ...(cliKilobytes > CLI_BUDGET_KILOBYTES ? [`fleetmend: ${cliKilobytes} KB of ${CLI_BUDGET_KILOBYTES} KB`] : []),
];
if (wrong.length > 0) throw new Error(`bundling:\n  ${wrong.join('\n  ')}`);
