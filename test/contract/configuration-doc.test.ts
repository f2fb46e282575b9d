import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  CONFIGURATION_PAGE,
  configurationOptions,
  optionsOf,
  renderConfigurationPage,
} from '../docs/configuration-page.ts';

const options = configurationOptions();
const placeOf = ({ of, name }: { readonly of: string; readonly name: string }): string => `${of}.${name}`;

describe('docs/configuration.md', () => {
  const page = readFileSync(CONFIGURATION_PAGE, 'utf8');

  it('is written from the schema (node test/docs/render-configuration.ts writes it)', () => {
    expect(page).toBe(renderConfigurationPage());
  });

  it('has a row for each option, those within lists and records too', () => {
    expect(page.match(/^\| `/gm)).toHaveLength(options.length);
    expect(options.map(placeOf)).toEqual(
      expect.arrayContaining([
        '.clusters',
        'clusters[].mode',
        'clusters[].remediations.<name>.allowDisruptive',
        'clusters[].freezeWindows[].fromUtc',
        'clusters[].logGroups[].kind',
        'limits.canaries',
        'maxConcurrency.scheduler',
      ]),
    );
  });

  it('shows the range, the default and the allowed values', () => {
    expect(page).toMatch(/^\| `canaries` +\| whole number +\| `3` +\| 1 to 50 +\|/m);
    expect(page).toMatch(/^\| `mode` +\| text +\| `"observe"` +\| `"observe"`, `"repair"` +\|/m);
    expect(page).toMatch(
      /^\| `clusters` +\| list of object +\| required +\| 1 or more entries; \[`clusters\[\]`\]\(#clusters\) +\|/m,
    );
    expect(page).toMatch(/^\| `account` +\| text +\| none +\|/m);
  });
});

const undescribed = (from: typeof options): readonly string[] =>
  from.filter(({ schema }) => !/^.{15,}[.]$/.test(schema.description ?? '')).map(placeOf);

describe('each option', () => {
  it('has a description that is a sentence', () => {
    expect(undescribed(options)).toEqual([]);
  });

  it('is found where it has none', () => {
    const schema = z.object({ list: z.array(z.object({ inner: z.string() })).describe('A list of objects.') });
    expect(undescribed(optionsOf(z.toJSONSchema(schema)))).toEqual(['list[].inner']);
  });
});
