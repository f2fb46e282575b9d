// `npm run synth -- [--config FILE]`: synthesizes the stack into cdk.out.
import { parseArgs } from 'node:util';
import { loadConfig, loadExample } from './load.ts';
import { EXIT, runCommand } from './user-error.ts';

await runCommand('synth', async () => {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  const loaded = await loadConfig(values.config);
  if (loaded === undefined) console.error('synth: found no configuration: synthesizing infra/example.config.ts');
  const { config, file } = loaded ?? (await loadExample());
  // Loaded late: a mistake in the configuration is answered before the CDK is read.
  const { synthesizeStack } = await import('./synthesize.ts');
  synthesizeStack(config, []);
  console.error(`synth: ${config.stackName} of ${file} for ${config.region ?? 'any Region'}: cdk.out`);
  return EXIT.done;
});
