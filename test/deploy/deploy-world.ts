import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import * as z from 'zod';
import { SCOPE_KEY, scopeOf } from '../../infra/deploy/scope.ts';
import { parseConfig } from '../../infra/parse-config.ts';
import { remediations } from '../../ssm-documents/remediations.ts';
import { type StandIn, startStandIn } from './aws-stand-in.ts';
import { configFile, root } from './run-deploy.ts';

export const shop = { name: 'shop' } as const;
export const bank = { name: 'bank', mode: 'repair' } as const;

type Cluster = typeof shop | typeof bank | { readonly name: 'bank' };

const Metadata = z.object({
  Metadata: z.object({ fleetmend: z.object({ clusters: z.record(z.string(), z.unknown()) }) }),
});

/** A configuration file with these clusters. */
export const clusters = (...all: readonly Cluster[]): string => configFile({ clusters: [...all] });

/** A stand-in for AWS for the tests of a file, with nothing deployed at the start of each. */
export const deployWorld = () => {
  let standIn: StandIn | undefined;
  const started = (): StandIn => {
    if (standIn === undefined) throw new Error('the stand-in for AWS is started before the first test');
    return standIn;
  };
  beforeAll(async () => {
    if (!existsSync(join(root, 'dist', 'functions'))) throw new Error('not built: npm run build');
    standIn = await startStandIn();
  });
  afterAll(async () => standIn?.stop());
  beforeEach(() => {
    const { stacks, logGroups, contents, denied } = started().state;
    for (const kept of [stacks, logGroups, contents, denied]) kept.clear();
  });
  const deployed = (stack = 'fleetmend'): string => started().state.stacks.get(stack) ?? '';
  return {
    standIn: started,
    deployed,
    clustersDeployed: (stack?: string): readonly string[] =>
      Object.keys(Metadata.parse(JSON.parse(deployed(stack))).Metadata.fleetmend.clusters).toSorted(),
    /** A stack as an earlier deployment has left it: its template has its scope. */
    isDeployed: (all: readonly Cluster[], documents: readonly string[] = []): void => {
      const config = parseConfig({ clusters: all }, [...remediations.map(({ name }) => name)]);
      const metadata = { [SCOPE_KEY]: scopeOf(config, remediations, '0.0.1', documents) };
      started().state.stacks.set('fleetmend', JSON.stringify({ Metadata: metadata, Resources: {} }));
    },
  };
};
