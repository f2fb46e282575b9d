import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigInput } from '../infra/config.ts';
import { createApp, synthesize } from '../infra/create-app.ts';
import { buildDocuments } from '../ssm-documents/builder/build.ts';
import { remediations } from '../ssm-documents/remediations.ts';

const root = join(import.meta.dirname, '..');

/** Where the lab pretends to be: the articles' region, in the China partition. */
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
  // What a log line leads to is shown by log-classifier alone; the alarms that count the same lines have tests of their own.
  signals: { alarms: false },
});

/** A synthesized stack: what the lab boots. */
export type LabAssembly = { readonly assembly: string; readonly stackName: string };

/** Synthesizes the stack of `infra/` for the lab into a folder of its own, gone with the process; needs `npm run build`. */
export const synthLab = (config: ConfigInput = labConfig()): LabAssembly => {
  const stackName = config.stackName ?? 'fleetmend';
  const assembly = mkdtempSync(join(tmpdir(), 'fleetmend-lab-'));
  process.on('exit', () => rmSync(assembly, { recursive: true, force: true }));
  synthesize(
    createApp({
      config,
      remediations,
      documents: buildDocuments(),
      dist: join(root, 'dist'),
      // Of its own too: several labs may be synthesized side by side, and by users that may not write to `dist`.
      staging: join(assembly, 'staged'),
      outdir: assembly,
      env: LAB_ENVIRONMENT,
    }),
  );
  return { assembly, stackName };
};
