import type { Entry } from '../../core/api/entry.ts';
import { QUERIES } from '../../functions/audit-query/query.ts';
import { ACTIONS } from '../../functions/operator-api/act.ts';
import { code, table } from '../../ssm-documents/builder/remediations-page.ts';
import { payloadSamples } from '../support/payload-samples.ts';

/** The page whose tables are written between comments. */
export const PAYLOADS_PAGE = new URL('../../docs/payloads.md', import.meta.url);

/** The functions that people invoke: the field that names an entry, and the entries. */
export const INVOKED: readonly {
  readonly functionName: string;
  readonly key: string;
  readonly entries: readonly Entry<unknown>[];
}[] = [
  { functionName: 'operator-api', key: 'action', entries: ACTIONS },
  { functionName: 'audit-query', key: 'query', entries: QUERIES },
];

const namesOf = (fields: Entry<unknown>['fields'], isRequired: boolean): string =>
  fields
    .filter((field) => field.isRequired === isRequired)
    .map(({ name }) => code(name))
    .join(', ');

const tableOf = ({ functionName, key, entries }: (typeof INVOKED)[number]): string => {
  const samples = payloadSamples(functionName);
  return table(
    [code(key), 'Description', 'Required fields', 'Optional fields', 'Samples'],
    entries.map(({ name, title, fields }) => [
      code(name),
      title,
      namesOf(fields, true),
      namesOf(fields, false),
      samples
        .filter(({ payload }) => payload[key] === name)
        .map(({ file }) => `[${file.slice(functionName.length + 1, -'.json'.length)}](../events/samples/${file})`)
        .join(', '),
    ]),
  );
};

/** A page with its tables as the entries say. Throws if the page lacks the comments around a table. */
export const renderPayloadsPage = (page: string): string =>
  INVOKED.reduce((text, invoked) => {
    const begin = `<!-- ${invoked.functionName}: written by \`node test/docs/render-payloads.ts\` -->`;
    const end = `<!-- ${invoked.functionName}: end -->`;
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`rendering docs/payloads.md: it needs ${begin} and ${end}`);
    return `${text.slice(0, from + begin.length)}\n\n${tableOf(invoked)}\n\n${text.slice(to)}`;
  }, page);
