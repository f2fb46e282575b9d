import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { jsonSchema, KINDS } from './kinds.ts';

const here = import.meta.dirname;
const read = (file: string): unknown => JSON.parse(readFileSync(join(here, file), 'utf8'));
/** Outputs of earlier versions. A file is never changed: scripts that were written for it still work. */
const recorded = globSync('recorded/*.json', { cwd: here }).toSorted();

describe('the JSON documents of fleetmend', () => {
  it('have a published schema (node cli/schemas/render.ts writes it)', () => {
    expect(read('v1.schema.json')).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
  });

  it.each(recorded)('parse for ever: %s', (file) => {
    const document = z.looseObject({ kind: z.string() }).parse(read(file));
    expect(KINDS.get(document.kind)?.safeParse(document).error).toBeUndefined();
  });

  it('are recorded, each kind once', () => {
    const kinds = new Set(recorded.map((file) => z.object({ kind: z.string() }).parse(read(file)).kind));
    expect([...KINDS.keys()].filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  it('lose no field: each one that a document always has is still there', () => {
    const required = z.record(z.string(), z.array(z.string()));
    const Shape = z.looseObject({ $defs: z.record(z.string(), z.looseObject({ required: z.array(z.string()) })) });
    const now = Shape.parse(jsonSchema()).$defs;
    const first = Object.entries(required.parse(read('required.json')));
    expect(first.map(([kind]) => kind)).toEqual([...KINDS.keys()]);
    const lost = first.flatMap(([kind, fields]) =>
      fields.filter((field) => now[kind]?.required.includes(field) !== true).map((field) => `${kind}.${field}`),
    );
    expect(lost).toEqual([]);
  });
});
