/**
 * Runs the matrix and prints it: `node test/matrix/render.ts [--remediation NAME] [--generation NAME] [--fault PATTERN]
 * [--kills N] [--healthy N] [--record FILE]`. Without a choice it runs everything and writes docs/matrix.md. `--record` appends
 * what compare-records.ts compares.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isGenerationName } from '../../lab/real/generations.ts';
import { chooseCells } from './choose.ts';
import { readFaults, startMatrix } from './run-matrix.ts';
import { renderMatrix } from './table.ts';

const KILLS = 5;
const CHECKS = 100;

const { values } = parseArgs({
  options: {
    remediation: { type: 'string' },
    generation: { type: 'string' },
    fault: { type: 'string' },
    kills: { type: 'string' },
    healthy: { type: 'string' },
    seed: { type: 'string' },
    record: { type: 'string' },
  },
});
const { generation } = values;
if (generation !== undefined && !isGenerationName(generation)) throw new Error(`there is no generation ${generation}`);
const pattern = new RegExp(values.fault ?? '', 'i');
const isWhole = values.remediation === undefined && generation === undefined && values.fault === undefined;
const all = await readFaults();
const faults = all.filter(
  (fault) => pattern.test(fault.name) && fault.remediation === (values.remediation ?? fault.remediation),
);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
console.log(`seed ${seed}`);
const plan = chooseCells(faults, {
  seed,
  isDeep: true,
  kills: Number(values.kills ?? (isWhole ? KILLS : 0)),
  checks: Number(values.healthy ?? (isWhole ? CHECKS : 0)),
  ...(generation === undefined ? {} : { only: generation }),
});
const run = startMatrix(plan);
for (const [name, promise] of run.healthy) {
  promise.then(
    ({ versions, processorMs }) =>
      console.log(`ok   ${name}, healthy: ${versions}; ${Math.round(processorMs.least)} ms`),
    (error: Error) => console.log(`FAIL ${name}, healthy: ${error.message}`),
  );
}
for (const [{ fault, generation: on }, promise] of run.cells) {
  promise.then(
    ({ verdict, reason, checkMs, repairMs, record }) => {
      if (values.record !== undefined) {
        const cell = { generation: on, remediation: fault.remediation, fault: fault.name, ...record };
        appendFileSync(values.record, `${JSON.stringify(cell)}\n`);
      }
      console.log(`ok   ${on}: ${fault.name}: ${verdict}, ${reason} (${checkMs} + ${repairMs} ms)`);
    },
    (error: Error) => console.log(`FAIL ${error.message}`),
  );
}
await run.ended;
const { text, failed } = await renderMatrix(faults, run);
console.log(`\n${text}`);
if (failed > 0) {
  console.error(`${failed} failed`);
  process.exitCode = 1;
} else if (isWhole) {
  writeFileSync(new URL('../../docs/matrix.md', import.meta.url), text);
}
