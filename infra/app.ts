// `npm run synth -- [--config FILE]`: synthesizes the stack into cdk.out.
import { loadConfig, loadExample } from './load.ts';
import { EXIT, runCommand } from './user-error.ts';
import { readWords } from './words.mjs';

await runCommand('synth', async () => {
  const { values } = readWords(
    `usage: npm run synth [-- --config FILE]
Synthesizes the stack into cdk.out.
  --config FILE  the configuration: a .ts, .mjs or .json file (or FLEETMEND_CONFIG; otherwise fleetmend.config.ts, .mjs or
                 .json in the top folder; without one, infra/example.config.ts)`,
    { config: { type: 'string' } },
  );
  const loaded = await loadConfig(values.config);
  if (loaded === undefined) console.error('synth: found no configuration: synthesizing infra/example.config.ts');
  const { config, file } = loaded ?? (await loadExample());
  // Imported here, because loading the CDK takes seconds: a wrong configuration is reported before.
  const { SHARED_FOLDERS, synthesizeStack } = await import('./synthesize.ts');
  const { warnings } = synthesizeStack(config, [], SHARED_FOLDERS);
  for (const warning of warnings) console.error(`synth: warning: ${warning}`);
  console.error(`synth: ${config.stackName} of ${file} for ${config.region ?? 'any Region'}: cdk.out`);
  return EXIT.done;
});
