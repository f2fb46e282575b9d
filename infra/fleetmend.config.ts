import { defineConfig } from './config.ts';

/**
 * What this deployment looks after. Start with `observe`: fleetmend then only checks and reports. Set `mode: 'repair'`
 * on a cluster, or on one remediation of it, once its reports are what you expect.
 */
export const config = defineConfig({
  clusters: [
    {
      name: 'demo',
      mode: 'observe',
      logGroups: [],
    },
  ],
});
