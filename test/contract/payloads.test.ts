import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readEntry } from '../../core/api/entry.ts';
import { Page } from '../../core/api/report.ts';
import { defineQuery, type Plan } from '../../functions/audit-query/define-query.ts';
import { defineAction } from '../../functions/operator-api/define-action.ts';
import { INVOKED, PAYLOADS_PAGE, renderPayloadsPage } from '../docs/payloads-page.ts';
import { payloadSamples } from '../support/payload-samples.ts';
import { read, root } from '../support/repository.ts';

const FOLDERS = ['functions/operator-api/actions', 'functions/audit-query/queries'];

describe.each(INVOKED)('$functionName', ({ functionName, key, entries }) => {
  const samples = payloadSamples(functionName);
  const names = entries.map(({ name }) => name);

  it('has entries with different names', () => {
    expect(names.length).toBeGreaterThan(5);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(entries)('$name has a plain sentence, and a sample of its own', ({ name, title }) => {
    expect(title).toMatch(/^[A-Z].*\.$/);
    expect(samples.map(({ file }) => file)).toContain(`${functionName}-${name}.json`);
  });

  it.each(samples)('$file is a sample of the entry that its name says, and is accepted', ({ file, payload }) => {
    expect(names).toContain(payload[key]);
    const base = `${functionName}-${payload[key]}`;
    expect(file === `${base}.json` || file.startsWith(`${base}-`)).toBe(true);
    expect(readEntry(key, entries, payload)).toMatchObject({ ok: true });
  });

  it.each(entries)('$name requires the fields that it calls required, and refuses unknown fields', (entry) => {
    const { [key]: _, ...fields } = samples.find(({ payload }) => payload[key] === entry.name)?.payload ?? {};
    expect(entry.read({ ...fields, strange: 1 })).toMatchObject({ ok: false, error: { field: 'strange' } });
    for (const { name, isRequired } of entry.fields) {
      const { [name]: __, ...others } = fields;
      expect([name, entry.read(others).ok]).toEqual([name, !isRequired]);
    }
  });
});

it.each(FOLDERS)('%s: every file of the folder has a line in its registry', (folder) => {
  const lines = [...read(`${folder}/registry.ts`).matchAll(/^export \{ .+ \} from '\.\/(.+\.ts)';$/gm)];
  const files = readdirSync(`${root}/${folder}`).filter((file) => file !== 'registry.ts');
  expect(lines.map(([, file]) => file).toSorted()).toEqual(files.toSorted());
});

const plan = (): Plan => ({ partitions: [], order: 'ascending' });

it('does not compile an entry without a payload, or without what the function does', () => {
  const [name, title, payload] = ['x', 'X.', z.strictObject(Page)] as const;
  // @ts-expect-error: no plan
  expect(() => defineQuery({ name, title, payload })).not.toThrow();
  // @ts-expect-error: no perform
  expect(() => defineAction({ name, title, payload })).not.toThrow();
  // @ts-expect-error: no payload
  expect(() => defineQuery({ name, title, plan })).toThrow();
  // @ts-expect-error: a query without the fields of a page
  expect(() => defineQuery({ name, title, payload: z.strictObject({}), plan })).not.toThrow();
});

describe('docs/payloads.md', () => {
  const page = readFileSync(PAYLOADS_PAGE, 'utf8');

  it('has the tables of the entries (node test/docs/render-payloads.ts writes them)', () => {
    expect(page).toBe(renderPayloadsPage(page));
  });

  it('is not up to date where a line is missing', () => {
    const without = page.replace(/^\| `cancel`.*\n/m, '');
    expect(without).not.toBe(page);
    expect(renderPayloadsPage(without)).toBe(page);
  });
});
