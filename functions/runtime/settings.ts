import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { DeploymentShown } from '../../core/api/deployment.ts';
import { ClusterName } from '../../core/model/ids.ts';
import { Policy } from '../../core/model/policy.ts';

/** One built document as it was deployed: its content-addressed name, its hash and its timeout. */
export const DeployedDocument = z.strictObject({
  /** `<stack>-<key>-<first 12 hex digits of sha256>`. */
  name: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of its content as canonical JSON: SSM may indent the text in another way. */
  contentSha256: z.string().regex(/^[0-9a-f]{64}$/),
  executionTimeoutSeconds: z.number().int().positive(),
});
export type DeployedDocument = z.infer<typeof DeployedDocument>;

/** The settings of a deployment: the policy, and the documents by key (`pause-image-repair`, `node-check`). */
export const Settings = z.strictObject({
  policy: Policy,
  /** The cluster of each configured log group, by the group's name; a group belongs to one cluster. */
  logGroups: z.record(z.string(), ClusterName).default({}),
  documents: z.record(z.string(), DeployedDocument),
  /** The deployment, as answers name it. */
  deployment: DeploymentShown.default({ version: 'unknown', configuration: 'unknown' }),
  /** The interval of the sweeps, in minutes. */
  sweepMinutes: z.number().int().positive().default(30),
  /** Remediations in their order, with the facts that the planner needs. */
  remediations: z.array(
    z.strictObject({
      name: z.string(),
      order: z.number(),
      disruptive: z.boolean(),
      /** Reason names that lead to this remediation, with their scope. */
      reasons: z.record(z.string(), z.enum(['node-local', 'attributable'])),
      /** The reasons that no repair can repair. */
      unrepairable: z.array(z.string()).default([]),
    }),
  ),
});
export type Settings = z.infer<typeof Settings>;

/** The sha256 of the content of each built document, by the document's name. */
export const builtDocuments = ({ documents }: Pick<Settings, 'documents'>): ReadonlyMap<string, string> =>
  new Map(Object.values(documents).map(({ name, contentSha256 }) => [name, contentSha256]));

/**
 * Reads `settings.json`, which synth lays beside the function's bundle. It throws at cold start when the file is
 * missing or wrong: a function without a readable policy must not act.
 */
export const readSettings = (file: string | URL): Settings => {
  try {
    return Settings.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new Error(`reading the settings ${String(file)}: deploy again, so that synth writes them`, { cause });
  }
};
