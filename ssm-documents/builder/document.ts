import * as z from 'zod';
import { everyIssue } from '../../core/model/issue.ts';

/** SSM's limit on a document, runtime parameters included (SSM API model, CreateDocument.Content). */
export const MAX_DOCUMENT_BYTES = 64 * 1024;

const SHEBANG = '#!/bin/bash';
const STRICT = 'set -o errexit -o nounset -o pipefail';

/**
 * The only form of a Command document that fleetmend builds. It is strict because the SSM agent ignores unknown members (with
 * `timeoutSeconds` beside `inputs`, the step has no limit), and replaces a timeout outside 5 to 172,800 s with one hour.
 */
export const CommandDocument = z.strictObject({
  schemaVersion: z.literal('2.2'),
  description: z.string().min(20).max(500),
  mainSteps: z
    .array(
      z.strictObject({
        action: z.literal('aws:runShellScript'),
        // GetCommandInvocation cannot address a step with a shorter name (SSM API model, CommandPluginName).
        name: z.string().regex(/^[A-Za-z0-9_-]{4,128}$/),
        precondition: z.strictObject({ StringEquals: z.tuple([z.literal('platformType'), z.literal('Linux')]) }),
        inputs: z.strictObject({
          timeoutSeconds: z
            .string()
            .regex(/^[1-9][0-9]*$/)
            .refine((text) => Number(text) >= 5 && Number(text) <= 172_800, 'outside 5 to 172,800 s'),
          runCommand: z.array(z.string()).min(3),
        }),
      }),
    )
    .length(1),
});
export type CommandDocument = z.infer<typeof CommandDocument>;

/** The faults of a document, in sentences; empty for a valid document. */
export const validateDocument = (document: unknown): string[] => {
  const parsed = CommandDocument.safeParse(document);
  if (!parsed.success) return everyIssue(parsed.error, 'document').map(({ field, message }) => `${field}: ${message}`);
  const problems: string[] = [];
  const bytes = new TextEncoder().encode(JSON.stringify(parsed.data)).length;
  if (bytes >= MAX_DOCUMENT_BYTES) problems.push(`it has ${bytes} bytes; SSM takes less than ${MAX_DOCUMENT_BYTES}`);
  for (const step of parsed.data.mainSteps) {
    const lines = step.inputs.runCommand.flatMap((text) => text.split('\n'));
    // The agent joins the lines into one file and runs it by `sh -c`: only the first line can choose the shell.
    if (lines[0] !== SHEBANG) problems.push(`step ${step.name}: the first line is not ${SHEBANG}`);
    if (lines[1] !== STRICT) problems.push(`step ${step.name}: the second line is not ${STRICT}`);
    lines.forEach((line, i) => {
      if (line.includes('{{'))
        problems.push(`step ${step.name}, line ${i + 1}: double braces, which SSM would take for a parameter`);
      if (/[\r\0]/.test(line)) problems.push(`step ${step.name}, line ${i + 1}: a control character`);
    });
  }
  return problems;
};

/** The document for one bash script, without parameters and not yet validated. */
export const bashDocument = (options: {
  readonly description: string;
  readonly step: string;
  readonly timeoutSeconds: number;
  readonly script: string;
}): CommandDocument => ({
  schemaVersion: '2.2',
  description: options.description,
  mainSteps: [
    {
      action: 'aws:runShellScript',
      name: options.step,
      precondition: { StringEquals: ['platformType', 'Linux'] },
      inputs: {
        timeoutSeconds: String(options.timeoutSeconds),
        runCommand: [SHEBANG, STRICT, ...options.script.trimEnd().split('\n')],
      },
    },
  ],
});
