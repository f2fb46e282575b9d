import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigInput } from '../infra/config.ts';
import { createApp, synthesize } from '../infra/create-app.ts';
import { type BuiltDocument, buildDocuments } from '../ssm-documents/builder/build.ts';
import { remediations } from '../ssm-documents/remediations.ts';

const root = join(import.meta.dirname, '..');

/** The environment of the lab: a region of the China partition. */
export const LAB_ENVIRONMENT = { account: '123456789012', region: 'cn-north-1' } as const;

/** The cluster that demo, bench and tests break; the one cluster where the lab may repair. */
export const LAB_CLUSTER = 'demo';
/** Its log group, as Container Insights names it. */
export const LAB_LOG_GROUP = `/aws/containerinsights/${LAB_CLUSTER}/dataplane`;

/** A configuration that repairs, for one cluster. */
export const labConfig = (limits: NonNullable<ConfigInput['limits']> = {}): ConfigInput => ({
  clusters: [
    {
      name: LAB_CLUSTER,
      mode: 'repair',
      logGroups: [LAB_LOG_GROUP],
      nodeTags: ['eks:cluster-name', 'eks:eks-cluster-name', 'kubernetes.io/cluster'],
    },
  ],
  limits,
  // Log lines reach log-classifier alone; the alarms that count the same lines have separate tests.
  signals: { alarms: false },
});

/** A synthesized stack: what the lab boots. */
export type LabAssembly = { readonly assembly: string; readonly stackName: string };

/** Synthesizes the stack of `infra/` for the lab into a separate folder that is removed with the process; needs `npm run build`. */
export const synthLab = (
  config: ConfigInput = labConfig(),
  documents: readonly BuiltDocument[] = buildDocuments(),
): LabAssembly => {
  const stackName = config.stackName ?? 'fleetmend';
  const assembly = mkdtempSync(join(tmpdir(), 'fleetmend-lab-'));
  process.on('exit', () => rmSync(assembly, { recursive: true, force: true }));
  synthesize(
    createApp({
      config,
      remediations,
      documents,
      dist: join(root, 'dist'),
      // Separate too: several labs may be synthesized in parallel, and by users without write access to `dist`.
      staging: join(assembly, 'staged'),
      outdir: assembly,
      env: LAB_ENVIRONMENT,
    }),
  );
  return { assembly, stackName };
};
