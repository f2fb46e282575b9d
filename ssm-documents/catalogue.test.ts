import { expect, it } from 'vitest';
import type { Remediation } from '../core/model/remediation.ts';
import { remediation as template } from './_template/remediation.ts';
import { catalogueOf } from './catalogue.ts';

const named = (name: string, reasons: Remediation['reasons']): Remediation => ({ ...template, name, reasons });
const reason = {
  title: 'It is broken',
  severity: 'Fatal',
  scope: 'node-local',
  cause: 'It broke.',
  advice: 'Repair it.',
} as const;

it('lists a shared reason once, with every remediation that gives it', () => {
  const entries = catalogueOf([named('one', { Shared: reason }), named('two', { Shared: reason, Own: reason })]);
  expect([...entries.keys()]).toEqual(['Shared', 'Own']);
  expect(entries.get('Shared')).toEqual({ ...reason, name: 'Shared', remediations: ['one', 'two'] });
  expect(entries.get('Own')?.remediations).toEqual(['two']);
});

it.each([
  ['advice', { ...reason, advice: 'Do something else.' }],
  ['scope', { ...reason, scope: 'attributable' }],
] as const)('refuses two reasons of one name with another %s', (_, other) => {
  expect(() => catalogueOf([named('one', { Same: reason }), named('two', { Same: other })])).toThrow(/Same means one/);
});
