import { readOptions } from '../options.ts';
import { KEEP_DAYS } from './old-documents.ts';

/** The options of a deployment, for people. */
export const USAGE = `npm run deploy -- [options]
  --config FILE        the configuration: a .ts, .mjs or .json file (or FLEETMEND_CONFIG;
                       otherwise fleetmend.config.ts, .mjs or .json in the top folder)
  --profile NAME       a profile of the AWS configuration
  --yes                agree to every question; needed where there is no terminal
  --dry-run            check and compare, show what would change, deploy nothing
  --adopt-stack NAME   take over the stack of this name, though it does not say that it is fleetmend's
  --trust-log-groups   put filters on the log groups without looking at them first
  --trust-key-policy   use the key of kmsKeyArn without reading its policy first
  --clean-documents    afterwards delete SSM documents of earlier deployments that were made
                       more than ${KEEP_DAYS} days ago and that neither this deployment nor the last uses
  --help               show this text`;

const OPTIONS = {
  config: { type: 'string' },
  profile: { type: 'string' },
  yes: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  'adopt-stack': { type: 'string' },
  'trust-log-groups': { type: 'boolean', default: false },
  'trust-key-policy': { type: 'boolean', default: false },
  'clean-documents': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** The options of this deployment. */
export const deployOptions = () => readOptions(OPTIONS, 'npm run deploy -- --help shows the options');
