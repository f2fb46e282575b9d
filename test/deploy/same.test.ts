import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type StandIn, startStandIn } from './aws-stand-in.ts';
import { configFile, deployBuilt } from './run-deploy.ts';

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
afterAll(async () => standIn.stop());

const Stamped = z.object({
  Metadata: z.object({ fleetmend: z.object({ deployedAt: z.iso.datetime(), deployedBy: z.string() }) }),
});
const stamp = () => Stamped.parse(JSON.parse(standIn.state.stacks.get('fleetmend') ?? '')).Metadata.fleetmend;
const deployed = async (file: string) => {
  const from = { calls: standIn.calls.length, objects: new Set(standIn.objects.keys()) };
  const { code, output } = await deployBuilt(standIn, ['--config', file, '--yes']);
  return {
    code,
    output,
    uploads: [...standIn.objects.keys()].filter((key) => !from.objects.has(key)),
    changeSets: standIn.calls.slice(from.calls).filter(({ operation }) => operation === 'CreateChangeSet').length,
  };
};

describe('a deployment of what is deployed already', () => {
  const file = configFile({ clusters: [{ name: 'shop' }] });

  it('uploads and changes nothing, and keeps who deployed it, until something changes', async () => {
    expect(await deployed(file)).toMatchObject({ code: 0, changeSets: 1 });
    const first = stamp();
    const template = standIn.state.stacks.get('fleetmend');

    const again = await deployed(file);
    expect(again, again.output).toMatchObject({ code: 0, uploads: [], changeSets: 0 });
    expect(again.output).toContain(
      `deploy: nothing has changed since ${first.deployedBy} deployed this at ${first.deployedAt}`,
    );
    expect(again.output).toContain('(no changes)');
    expect(standIn.state.stacks.get('fleetmend') === template).toBe(true);

    const changed = await deployed(configFile({ clusters: [{ name: 'shop' }], sweepMinutes: 60 }));
    expect(changed).toMatchObject({ code: 0, changeSets: 1 });
    expect(changed.output).not.toContain('nothing has changed');
    expect(Date.parse(stamp().deployedAt)).toBeGreaterThan(Date.parse(first.deployedAt));
  });

  it('is made, and says why, where the template of the stack may not be read', async () => {
    standIn.state.denied.add('cloudformation:GetTemplate');
    const { output } = await deployed(file);
    standIn.state.denied.clear();
    expect(output).toMatch(
      /deploy: cannot see whether anything has changed, .*AccessDenied.*cloudformation:GetTemplate/,
    );
  });
});
