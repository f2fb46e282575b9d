import { describe, expect, it } from 'vitest';
import { MAX_CALLS_BY_ID, MIN_LIST_INTERVAL_MS } from '../../functions/adapters/ec2/members.ts';
import { isDeep } from '../deep.ts';
import { runStorm, type StormFigures, type StormSize } from './storm.ts';
import { synthScene } from './support.ts';

/** The full storm is 5,000 nodes for ten minutes; `FLEETMEND_STORM_NODES` makes it smaller on a small machine. */
const { FLEETMEND_STORM_NODES = '5000', FLEETMEND_STORM_SPEED = '1' } = process.env;
const SIZE: StormSize = isDeep
  ? { nodes: Number(FLEETMEND_STORM_NODES), minutes: 10, speed: Number(FLEETMEND_STORM_SPEED) }
  : { nodes: 40, minutes: 2, speed: 1 };
/** Execution environments of a function in a scene, each with a memory of its own. */
const ENVIRONMENTS = 2;
const EC2_PAGE = 1000;
/** The tags of a scene's policy by which nodes are listed. */
const NODE_TAGS = 3;
/** Four checks of the first lines in two parts each, sent and looked at twice, beside the canaries. */
const FIRST_COMMANDS_CALLS = 4 * 2 * 3;
const LIST_MINUTES = MIN_LIST_INTERVAL_MS / 60_000;

const ofService = (figures: StormFigures, service: string): number =>
  Object.entries(figures.calls).reduce((sum, [name, n]) => sum + (name.startsWith(`${service}:`) ? n : 0), 0);

describe(`${SIZE.nodes} simulated nodes with a log line every ten seconds for ${SIZE.minutes} minutes`, () => {
  it('are all repaired once, within the bounds on invocations and calls', async () => {
    const figures = await runStorm(synthScene([{ name: 'storm' }]), SIZE);
    console.info(`storm: ${JSON.stringify(figures)}`);
    const { nodes, minutes, lines, symptoms, invocations, checkedAgain } = figures;
    expect([figures.lost, figures.notOnce]).toEqual([0, []]);
    // Only a finding that is older than ten minutes is looked at again.
    if (!isDeep) expect(checkedAgain).toBe(0);
    // A partition takes 1,000, and those of lanes have all of a cluster's rows.
    expect(figures.busiestPartitions[0]?.peakWrites).toBeLessThanOrEqual(500);
    // One message one invocation; each copy repeats a node once a minute at most.
    expect(invocations['log-classifier']).toBe(lines);
    expect(symptoms).toBeLessThanOrEqual(nodes * (minutes + 1) * ENVIRONMENTS);
    expect(figures.calls['events:PutEvents']).toBeLessThanOrEqual(symptoms + (invocations['run-controller'] ?? 0));
    expect(invocations['signal-intake']).toBeLessThanOrEqual(symptoms);
    // A lane that was called is not called again: what wakes it is bounded by its own turns, not by the signals.
    const { 'signal-intake': intakes = 0, 'command-tracker': reports = 0 } = invocations;
    expect(invocations['run-controller']).toBeLessThanOrEqual(intakes + reports * 2 + 60);
    // For plans, and by each copy of signal-intake: by id at first, then by a list. Each of the two has a pace of 2 a second.
    expect(figures.ec2InTenSeconds).toBeLessThanOrEqual(44);
    const lists = Math.ceil(nodes / EC2_PAGE) * Math.ceil((minutes + 1) / LIST_MINUTES) * NODE_TAGS;
    const intake = ENVIRONMENTS * (MAX_CALLS_BY_ID * (minutes + 1) + lists);
    expect(ofService(figures, 'ec2')).toBeLessThanOrEqual(10 + nodes / 20 + intake);
    // Each copy reads each document; most nodes are checked before their repair. The first commands are of few nodes, the more of
    // them the slower the machine, and each of a check has two early looks.
    expect(ofService(figures, 'ssm')).toBeLessThanOrEqual(20 + FIRST_COMMANDS_CALLS + nodes + checkedAgain);
    // A row and its lane read and written for each symptom, a check and a repair of each node, and the rows that each turn
    // reads before it decides: in a small storm these are most of all.
    const { 'run-controller': turns = 0 } = invocations;
    const ofNodes = 4 * symptoms + 16 * nodes + 20 * checkedAgain;
    expect(ofService(figures, 'dynamodb')).toBeLessThanOrEqual(ofNodes + 30 * turns + 200);
  }, 7_200_000);
});
