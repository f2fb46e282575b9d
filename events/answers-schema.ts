// `npm run schema`: writes events/schemas/audit-query-<query>.json, the schemas of the items of computed answers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { DeployedItem } from '../core/api/deployed.ts';
import { ExplainItem } from '../core/api/explain.ts';
import { StatusItem } from '../core/api/status.ts';
import { SummaryItem } from '../core/api/summary.ts';

const ITEMS = { status: StatusItem, explain: ExplainItem, summary: SummaryItem, deployed: DeployedItem } as const;

/** The published schemas: the name of the file, and its text. Later versions only add fields. */
export const answerSchemas = (): readonly { readonly file: string; readonly text: string }[] =>
  Object.entries(ITEMS).map(([query, schema]) => ({
    file: join(import.meta.dirname, 'schemas', `audit-query-${query}.json`),
    text: `${JSON.stringify({ title: `An item of the query ${query}`, ...z.toJSONSchema(schema) }, null, 2)}\n`,
  }));

// Not import.meta.main, which Node 24 knows from 24.2 on only.
if (process.argv[1] === import.meta.filename) for (const { file, text } of answerSchemas()) writeFileSync(file, text);
