import * as z from 'zod';
import { describeIssue } from './issue.ts';
import { SCRIPT_OUTCOMES, SkipReason } from './outcome.ts';
import { failure, type Result, success } from './result.ts';

/** Plain names only: one like `constructor` would break the SDK's marshalling of the whole row. */
const EvidenceName = z
  .string()
  .regex(/^[a-z][A-Za-z0-9]{0,39}$/)
  .refine((name) => !(name in {}));
const PascalCase = z.string().regex(/^[A-Z][A-Za-z0-9]{1,63}$/);
/** A node's text, made well-formed: a lone surrogate could not be stored. */
const Text = (max: number) =>
  z
    .string()
    .max(max)
    .overwrite((text) => text.toWellFormed());

/** Numbers that DynamoDB can hold and the SDK will send: an absurd one would keep a whole command from being stored. */
const Storable = z
  .number()
  .refine((n) => Number.isSafeInteger(Math.trunc(n)) && (n === 0 || Math.abs(n) >= 1e-9), 'out of range');

/** A script's report about one remediation on its node. */
const Report = {
  outcome: z.enum(SCRIPT_OUTCOMES),
  skipReason: SkipReason.optional(),
  reason: PascalCase.optional(),
  /** The fault that made this one, where the node shows it (for example `ImageGCPressure`). */
  cause: PascalCase.optional(),
  /** By which means a node was repaired; in a check that found it broken, the one that it could be by without a registry. */
  method: z
    .string()
    .regex(/^[a-z][a-z-]{0,31}$/)
    .optional(),
  image: Text(300).optional(),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
  willRecur: z.boolean().optional(),
  /** The reason's title, as the builder wrote it into the document. */
  title: Text(80),
  /** The last error line of a tool: untrusted text, shown and never interpreted. */
  detail: Text(300).optional(),
  evidence: z.record(EvidenceName, z.union([Text(300), Storable, z.boolean()])).optional(),
};

/** One remediation's report inside a `node-check` line. */
export const Finding = z.strictObject({ remediation: Text(40), ...Report });
export type Finding = z.infer<typeof Finding>;

/**
 * The one JSON line that a document prints on stdout (at most 2,000 bytes: `ListCommandInvocations` returns 2,500
 * characters of stdout and stderr together, SSM model shape CommandPluginOutput). Times are the script's own clock.
 */
export const DocumentResult = z
  .strictObject({
    v: z.literal(2),
    remediation: Text(40),
    action: z.enum(['check', 'repair']),
    /** In `node-check`: which of its documents printed this line, counted from 1. */
    part: z.int().positive().optional(),
    /** In `node-check`: how many documents it consists of. */
    parts: z.int().positive().optional(),
    ...Report,
    /** In `node-check`: every remediation that is not healthy, the most severe first. */
    findings: z.array(Finding).optional(),
    /** How many findings (`node-check`) or facts (all others) did not fit. */
    cut: z.number().int().nonnegative().optional(),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime(),
  })
  .refine(({ part, parts }) => (part === undefined) === (parts === undefined) && (part ?? 1) <= (parts ?? 1), {
    path: ['part'],
    message: 'part and parts belong together, and part is at most parts',
  });
export type DocumentResult = z.infer<typeof DocumentResult>;

/**
 * The largest result line that a script prints, in bytes. A repair's is shorter, since its log on stderr shares the 2,500
 * bytes that `ListCommandInvocations` returns, of which up to 1,238 bytes of stdout are never cut.
 */
export const MAX_RESULT_BYTES = { check: 2000, repair: 1200 } as const;

/** The line of an output that a result begins with. */
const lineOf = (output: string): string | undefined =>
  output
    .replace(/\n----------ERROR-------\n.*/s, '')
    .split('\n')
    .find((line) => line.startsWith('{'));

const parseLine = (line: string): Result<unknown> => {
  try {
    return success(JSON.parse(line));
  } catch {
    return failure(`the result line is not JSON (${line.length} characters; was it cut?)`);
  }
};

/** Whether an output has a result line that begins and does not end: the agent has cut it. */
export const hasCutLine = (output: string): boolean => {
  const line = lineOf(output);
  return line !== undefined && !parseLine(line).ok;
};

/**
 * Reads the result line from the output that SSM returned (stdout, then `\n----------ERROR-------\n` and stderr). The text
 * comes from a node and is untrusted: it is parsed, never interpreted.
 */
export const readResult = (output: string): Result<DocumentResult> => {
  const line = lineOf(output);
  if (line === undefined) return failure('the document printed no result line');
  const json = parseLine(line);
  if (!json.ok) return json;
  const parsed = DocumentResult.safeParse(json.value);
  if (parsed.success) return success(parsed.data);
  return failure(`reading the result line: ${describeIssue(parsed.error, '(line)')}`);
};
