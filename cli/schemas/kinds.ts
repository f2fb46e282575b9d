import * as z from 'zod';
import { SummaryBy, SummaryGroup, SummaryTotal, WorstNode } from '../../core/api/summary.ts';
import {
  ActionItem,
  CancelAnswer,
  DiscardAnswer,
  Explained,
  Item,
  PauseAnswer,
  PlanAnswer,
  ReleaseAnswer,
  ReplayAnswer,
  RequestReport,
  ResultItem,
  ResumeAnswer,
  RunItem,
  StartAnswer,
  StatusItems,
} from './shapes.ts';

const listOf = <Shape extends z.ZodType>(item: Shape) => ({ items: z.array(item), next: z.string().nullable() });

const ContextItem = z.looseObject({
  context: z.string(),
  stack: z.string(),
  region: z.string().optional(),
  profile: z.string().optional(),
  endpoint: z.string().optional(),
  isCurrent: z.boolean(),
});

/** The fields of every kind of JSON document, besides `v` and `kind`. Fields may be added; none is removed or changed. */
const FIELDS = {
  Error: {
    code: z.enum(['Usage', 'Refused', 'Aws']),
    field: z.string().optional(),
    message: z.string(),
    allowed: z.array(z.string()).optional(),
    next: z.string().optional(),
  },
  Plan: { action: z.enum(['check', 'repair']), cluster: z.string(), plans: z.array(PlanAnswer) },
  Request: StartAnswer.shape,
  RequestReport: RequestReport.shape,
  StatusList: listOf(StatusItems),
  Explanation: listOf(Explained),
  Report: {
    since: z.string(),
    until: z.string(),
    by: SummaryBy,
    total: SummaryTotal.loose().nullable(),
    worstNodes: z.array(WorstNode.loose()),
    ...listOf(SummaryGroup.loose()),
  },
  RunList: listOf(RunItem),
  ResultList: listOf(ResultItem),
  NodeHistory: { node: z.string(), ...listOf(Item) },
  ActionList: listOf(ActionItem),
  Diagnosis: listOf(
    z.looseObject({
      context: z.string(),
      check: z.string(),
      level: z.enum(['ok', 'warning', 'error']),
      text: z.string(),
    }),
  ),
  ContextList: listOf(ContextItem),
  Pause: PauseAnswer.shape,
  Resume: ResumeAnswer.shape,
  Release: ReleaseAnswer.shape,
  Cancellation: CancelAnswer.shape,
  Replay: ReplayAnswer.shape,
  Discard: DiscardAnswer.shape,
} as const satisfies Record<string, z.ZodRawShape>;

/** A kind of JSON document that `fleetmend` writes. */
export type Kind = keyof typeof FIELDS;

/** The schema of each kind, version 1. */
export const KINDS: ReadonlyMap<string, z.ZodObject> = new Map(
  Object.entries(FIELDS).map(([kind, fields]) => [
    kind,
    z.looseObject({ v: z.literal(1), kind: z.literal(kind), ...fields }),
  ]),
);

/** The JSON schema of every document, by kind. */
export const jsonSchema = (): object => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'JSON documents of the command fleetmend, version 1',
  oneOf: [...KINDS.keys()].map((kind) => ({ $ref: `#/$defs/${kind}` })),
  $defs: Object.fromEntries(
    [...KINDS].map(([kind, schema]) => {
      const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
      return [kind, rest];
    }),
  ),
});
