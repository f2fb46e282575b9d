import { afterAll, describe } from 'vitest';
import { probe } from './packages.ts';
import { endStarter } from './starter.ts';

/**
 * A test suite that needs real nodes. Where the machine cannot run them the suite is named as not run, with the reason;
 * on CI this is an error, so that it is not overlooked.
 */
export async function describeWithRealNodes(name: string, body: () => void): Promise<void> {
  const machine = await probe();
  if (!machine.ok && process.env.CI !== undefined) {
    throw new Error(`running real nodes on CI: this machine lacks ${machine.missing.join('; ')}`);
  }
  describe.runIf(machine.ok)(
    machine.ok ? name : `${name} (not run: real nodes need ${machine.missing.join('; ')})`,
    () => {
      // The hooks of the body, which stop its nodes, run before this one.
      afterAll(endStarter);
      body();
    },
  );
}
