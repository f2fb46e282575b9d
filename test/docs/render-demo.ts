/** Runs the demos and writes their output into docs/demo.md and README.md: `node test/docs/render-demo.ts` (needs root). */
import { runDemo } from './run-demo.ts';
import { DEMOS, writeTranscript } from './transcripts.ts';

for (const { command, options } of DEMOS) {
  const { code, output } = await runDemo(options);
  if (code !== 0) throw new Error(`running ${command}: exit code ${code}\n${output}`);
  writeTranscript(command, `${output.trim()}\n`);
  console.log(`${command}: ${output.split('\n').length} lines`);
}
