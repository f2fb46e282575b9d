import { readWords, stopForWords } from '../../infra/words.mjs';
import { dollarsOf, measureRepairBill, measureSweep } from './costs.ts';

const USAGE = `usage: node test/bench/bill.ts check|repair NODES
Prints what one check of so many healthy nodes, or one repair of so many broken ones, costs by the counts of the lab, as JSON:
the bill, SSM's calls, and dollars with and without the time of Lambda, which a busy machine stretches. Build first.`;

const run = async (what: string | undefined, nodes: number): Promise<void> => {
  if ((what !== 'check' && what !== 'repair') || !Number.isInteger(nodes))
    stopForWords('name check or repair, and a whole number of nodes', USAGE);
  const { bill, ssm, throttled, units } = await (what === 'check' ? measureSweep : measureRepairBill)(nodes);
  const dollars = { all: dollarsOf(bill), withoutLambdaTime: dollarsOf({ ...bill, gigabyteSeconds: 0 }) };
  console.log(JSON.stringify({ what, nodes, dollars, bill, ssm, throttled, units }, null, 2));
};

const { positionals } = readWords(USAGE, {}, { allowPositionals: true });
await run(positionals[0], Number(positionals[1]));
process.exit(0);
