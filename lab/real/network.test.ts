import { expect, it } from 'vitest';
import { ADDRESSES } from './addresses.ts';
import { BRIDGE } from './network.ts';
import { runProgram } from './process.ts';
import { describeWithRealNodes } from './suite.ts';

const OPEN = `const { openNetwork } = await import(${JSON.stringify(new URL('./network.ts', import.meta.url).href)});
await openNetwork();`;
/** Adds the interface of a node whose hardware address is lower than any other, and removes it again. */
const SCRIPT = `"$0" --input-type=module --eval "$1"
shown() { ip -json link show dev ${BRIDGE} | grep -o '"address":"[^"]*"'; }
shown
ip link add low address 02:00:00:00:00:01 type veth peer name far
ip link set low master ${BRIDGE}
ip link set low up
shown
ip link del low
shown`;

await describeWithRealNodes('the network of the lab', () => {
  it('keeps the hardware address of the services when nodes come and go, which other nodes have in their tables', async () => {
    const run = await runProgram('unshare', ['--net', 'sh', '-euc', SCRIPT, process.execPath, OPEN]);
    expect(run.stderr).toBe('');
    const shown = run.stdout.trim().split('\n');
    expect(shown, ADDRESSES.ecr).toHaveLength(3);
    expect(new Set(shown).size, run.stdout).toBe(1);
  });
});
