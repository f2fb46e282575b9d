// `npm run deploy -- [options]`

import { runCommand } from '../user-error.ts';
import { deployment } from './deployment.ts';

// Imported when it is needed: a deployment that is refused before loads no bundler.
const build = async () => await (await import('./build-here.ts')).buildHere();

await runCommand('deploy', () => deployment(build));
