import { appendFileSync, writeFileSync } from 'node:fs';
import { readWords, stopForWords } from '../../infra/words.mjs';
import { GENERATION_NAMES, isGenerationName } from '../../lab/real/generations.ts';
import { chooseCells } from './choose.ts';
import { combinationName, combinationsOf } from './combine.ts';
import { isNew, keepParts, readParts, runOfParts } from './parts.ts';
import { randomFrom } from './random.ts';
import { readFaults, startMatrix } from './run-matrix.ts';
import { renderMatrix, wordsOf } from './table.ts';

const KILLS = 5;
const CHECKS = 100;

const USAGE = `usage: node test/matrix/render.ts [OPTION...]
Runs the matrix of faults and kinds of nodes, and prints it. Without a choice it runs everything and writes docs/matrix.md.
  --remediation NAME, --generation NAME, --fault PATTERN
                   these cells alone
  --kills N        kill each repair so often (5 in a whole run)
  --healthy N      check a healthy node of each generation so often (100 in a whole run)
  --seed N         of the random choices
  --combine N      so many random combinations of two and of three faults a generation, and nothing else
  --record FILE    append what compare-records.ts compares
  --parts FILE     append each part that ends well
  --only-new       run the cells that FILE lacks for the documents of now
  --only-render    run nothing: write docs/matrix.md of FILE`;

const { values } = readWords(USAGE, {
  remediation: { type: 'string' },
  generation: { type: 'string' },
  fault: { type: 'string' },
  kills: { type: 'string' },
  healthy: { type: 'string' },
  seed: { type: 'string' },
  record: { type: 'string' },
  combine: { type: 'string' },
  parts: { type: 'string' },
  'only-new': { type: 'boolean' },
  'only-render': { type: 'boolean' },
});
const { generation } = values;
if (generation !== undefined && !isGenerationName(generation))
  stopForWords(`--generation: there is no ${generation}: ${GENERATION_NAMES.join(', ')}`, USAGE);
const pattern = new RegExp(values.fault ?? '', 'i');
const isWhole = values.remediation === undefined && generation === undefined && values.fault === undefined;
const all = await readFaults();
const PAGE = new URL('../../docs/matrix.md', import.meta.url);
if (values['only-render'] === true) {
  const parts = readParts(values.parts ?? '');
  writeFileSync(PAGE, (await renderMatrix(all, runOfParts(all, parts), parts)).text);
  process.exit(0);
}
const faults = all.filter(
  (fault) => pattern.test(fault.name) && fault.remediation === (values.remediation ?? fault.remediation),
);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
console.log(`seed ${seed}`);
const random = randomFrom(seed);
const generations = GENERATION_NAMES.filter((name) => name === (generation ?? name));
const count = Number(values.combine ?? 0);
const combinations = [2, 3].flatMap((size) => combinationsOf(faults, random, { size, count, generations }));
const plan = chooseCells(count > 0 ? [] : faults, {
  seed,
  isDeep: true,
  kills: Number(values.kills ?? (isWhole ? KILLS : 0)),
  checks: Number(values.healthy ?? (isWhole && count === 0 ? CHECKS : 0)),
  ...(generation === undefined ? {} : { only: generation }),
});
const known = values['only-new'] === true ? readParts(values.parts ?? '') : [];
const cells = plan.cells.filter((cell) => isNew(known, cell));
console.log(`${cells.length} of ${plan.cells.length} cells are run`);
const run = startMatrix({ ...plan, cells, combinations });
if (values.parts !== undefined) keepParts(values.parts, run);
for (const [combination, promise] of run.combinations) {
  const name = `${combination.generation}: ${combinationName(combination)}`;
  promise.then(
    (result) => console.log(`ok   ${name}: ${JSON.stringify(result)}`),
    (error: Error) => console.log(`FAIL ${error.message}`),
  );
}
for (const [name, promise] of run.healthy) {
  promise.then(
    ({ versions, processorMs }) =>
      console.log(`ok   ${name}, healthy: ${versions}; ${Math.round(processorMs.least)} ms`),
    (error: Error) => console.log(`FAIL ${name}, healthy: ${error.message}`),
  );
}
for (const [{ fault, generation: on }, promise] of run.cells) {
  promise.then(
    (result) => {
      const { reason, record } = result;
      if (values.record !== undefined) {
        const cell = { generation: on, remediation: fault.remediation, fault: fault.name, ...record };
        appendFileSync(values.record, `${JSON.stringify(cell)}\n`);
      }
      console.log(`ok   ${on}: ${fault.name}: ${reason}: ${wordsOf(result)}`);
    },
    (error: Error) => console.log(`FAIL ${error.message}`),
  );
}
await run.ended;
if (count > 0)
  process.exit((await Promise.allSettled(run.combinations.values())).some((end) => end.status === 'rejected') ? 1 : 0);
const { text, failed } = await renderMatrix(faults, run);
if (values.parts === undefined) console.log(`\n${text}`);
if (failed > 0) {
  console.error(`${failed} failed`);
  process.exitCode = 1;
} else if (isWhole && cells.length === plan.cells.length) {
  writeFileSync(PAGE, text);
}
