/** Writes the real output of the README's commands into it: `node test/docs/render-readme.ts` (root, for the real nodes). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withOutput } from './readme-blocks.ts';
import { runDemo } from './run-demo.ts';

for (const words of [[], ['--real']] as const) {
  const { code, output } = await runDemo(words);
  if (code !== 0) throw new Error(`running the demo ${words.join(' ')}: exit code ${code}\n${output}`);
  const command = ['npm run demo', ...(words.length > 0 ? ['--', ...words] : [])].join(' ');
  writeFileSync(join(import.meta.dirname, '..', '..', 'README.md'), withOutput(command, `${output.trim()}\n`));
  console.log(`${command}: ${output.split('\n').length} lines`);
}
