import { expect, it } from 'vitest';
import { aCheck, aCommand, DOCUMENT, step } from '../../test/support/runs.ts';

const planned = (part: number) => aCommand({ key: `1.${part}`, part, parts: 2, documentName: `older-${part}` });
const sentNames = (documents: readonly (typeof DOCUMENT)[]) =>
  step(aCheck(0, { commands: [planned(1), planned(2)] }), { documents }).state.commands.map((c) => [
    c.status,
    c.documentName,
  ]);

it('a planned part of a check is sent by the document that is deployed now', () => {
  expect(sentNames([DOCUMENT, { ...DOCUMENT, name: 'newer-2' }])).toEqual([
    ['sending', DOCUMENT.name],
    ['sending', 'newer-2'],
  ]);
});

it('a planned part of a check is sent as planned where the check has another number of parts by now', () => {
  expect(sentNames([DOCUMENT])).toEqual([
    ['sending', 'older-1'],
    ['sending', 'older-2'],
  ]);
});
