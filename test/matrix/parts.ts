import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { GENERATION_NAMES } from '../../lab/real/generations.ts';
import type { CellResult } from './cell.ts';
import { hashesOf } from './documents.ts';
import type { Fault } from './fault.ts';
import type { HealthyResult } from './healthy.ts';
import type { Cell, MatrixRun } from './run-matrix.ts';

const generation = z.enum(GENERATION_NAMES);
const at = z.iso.datetime();
const Part = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('cell'),
    at,
    generation,
    fault: z.string(),
    /** Those of the documents that were run. */
    hashes: z.string(),
    result: z.custom<CellResult>(),
  }),
  z.object({ kind: z.literal('healthy'), at, generation, result: z.custom<HealthyResult>() }),
]);
/** A part of the matrix that was run: a cell, or the checks of a healthy node. */
export type Part = z.infer<typeof Part>;

/** Appends to `file` each part of a run that ends well. */
export const keepParts = (file: string, run: MatrixRun): void => {
  const keep = (part: Part): void => appendFileSync(file, `${JSON.stringify(part)}\n`);
  const now = (): string => new Date().toISOString();
  const ignore = (): void => undefined;
  for (const [{ generation, fault }, promise] of run.cells) {
    const hashes = hashesOf(fault.remediation);
    promise.then((result) => keep({ kind: 'cell', at: now(), generation, fault: fault.name, hashes, result }), ignore);
  }
  for (const [name, promise] of run.healthy)
    promise.then((result) => keep({ kind: 'healthy', at: now(), generation: name, result }), ignore);
};

/** The parts in a file, in the order in which they ended; none where there is no such file. Throws for another content. */
export const readParts = (file: string): Part[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => Part.parse(JSON.parse(line)))
    : [];

/** Whether a cell is not among the parts, or was run on other documents than those of now. */
export const isNew = (parts: readonly Part[], { fault, generation }: Pick<Cell, 'fault' | 'generation'>): boolean => {
  const hashes = hashesOf(fault.remediation);
  return !parts.some(
    (part) =>
      part.kind === 'cell' && part.generation === generation && part.fault === fault.name && part.hashes === hashes,
  );
};

/** Parts as a matrix that has been run; of two of the same cell the later one counts. A fault that is no more is left out. */
export const runOfParts = (faults: readonly Fault[], parts: readonly Part[]): MatrixRun => {
  const cells = new Map<string, [Cell, Promise<CellResult>]>();
  const healthy = new Map<Part['generation'], Promise<HealthyResult>>();
  for (const part of parts) {
    if (part.kind === 'healthy') healthy.set(part.generation, Promise.resolve(part.result));
    else {
      const fault = faults.find(({ name }) => name === part.fault);
      const cell = fault && { fault, generation: part.generation, kills: 0, isJudged: true };
      if (cell) cells.set(`${part.generation} ${part.fault}`, [cell, Promise.resolve(part.result)]);
    }
  }
  return { cells: new Map(cells.values()), healthy, combinations: new Map(), ended: Promise.resolve() };
};
