import { defineConfig } from 'fleetmend/config';

/**
 * An example to copy to `fleetmend.config.ts` in the top folder, which git ignores. Start with `observe`: fleetmend then
 * only checks and reports. Set `mode: 'repair'` on a cluster, or on one remediation of it, once its reports are what you
 * expect. docs/deploying.md describes a deployment step by step.
 */
export const config = defineConfig({
  account: '111122223333',
  region: 'eu-west-1',
  clusters: [
    {
      name: 'example-cluster',
      mode: 'observe',
      logGroups: [],
    },
  ],
});
