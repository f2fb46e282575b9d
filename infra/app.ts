// `npm run synth -- [--config FILE]`: synthesizes the stack into cdk.out.
import { loadConfig, loadExample } from './load.ts';
import { readOptions } from './options.ts';
import { EXIT, runCommand } from './user-error.ts';

await runCommand('synth', async () => {
  const values = readOptions({ config: { type: 'string' } }, 'npm run synth -- --config FILE names a configuration');
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
