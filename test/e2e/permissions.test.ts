import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CfnTemplate } from '../../lab/aws/cfn-template.ts';
import type { Principal } from '../../lab/aws/iam.ts';
import { readTemplate } from '../../lab/aws/stack.ts';
import { isDeep } from '../deep.ts';
import { BROAD_CLUSTERS, BROAD_LIMITS, runBroadScenario } from './broad-scenario.ts';
import { createDecisionLog, templateStatements, weakenings, wouldDeny } from './grants.ts';
import { openScene, REPAIRABLE, type Scene, synthScene } from './support.ts';

const assembly = synthScene(BROAD_CLUSTERS, BROAD_LIMITS);
const template: CfnTemplate = readTemplate(assembly.assembly, assembly.stackName);

const withoutResources = (from: CfnTemplate, id: RegExp): CfnTemplate => ({
  ...from,
  Resources: Object.fromEntries(Object.entries(from.Resources).filter(([name]) => !id.test(name))),
});

/** The stack with its weekly digest twice an hour: within the scenario. */
const withDigests = (from: CfnTemplate): CfnTemplate => ({
  ...from,
  Resources: Object.fromEntries(
    Object.entries(from.Resources).map(([name, resource]) => [
      name,
      resource.Properties?.ScheduleExpression === 'rate(7 days)'
        ? { ...resource, Properties: { ...resource.Properties, ScheduleExpression: 'rate(30 minutes)' } }
        : resource,
    ]),
  ),
});

/** Grants that no scenario of the lab uses, with the reason for each. */
const IDLE: readonly (readonly [RegExp, string])[] = [
  [/ logs:(CreateLogStream|PutLogEvents) /, "Lambda's own logging: the lab takes what a function prints"],
  [/ sqs:(ChangeMessageVisibility|GetQueueUrl) /, 'what CDK grants for an event source; Lambda may use them'],
  [
    /fleetmend-run-controller dynamodb:UpdateItem dynamodb:LeadingKeys COMMAND#/,
    'only where SSM refuses a part of a check after another part has reported: functions/run-controller/parts.test.ts',
  ],
  [
    /fleetmend-scheduler events:PutEvents events:detail-type (Breaker Opened|Pause Ends Soon|Pause Ended) /,
    'only a day after a pause, or for a row that cannot be read: functions/scheduler/send-notices.test.ts',
  ],
];

/**
 * One or the other of the functions that write results stores the notice of a quarantine: that depends on which event of SSM
 * comes first. functions/shared/observation-writer.test.ts holds the notice itself.
 */
const EITHER = [/fleetmend-(command-tracker|run-controller|scheduler) dynamodb:PutItem dynamodb:LeadingKeys NOTICE#/];

describe('every call of every function', () => {
  const log = createDecisionLog();
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene(assembly, { onDecision: log.listen });
    expect(await runBroadScenario(scene)).toEqual([]);
  }, 600_000);
  afterAll(() => scene.lab.stop());

  it("is allowed by its role and by the resource's policy, and so is every delivery", () => {
    expect(log.asked().length).toBeGreaterThan(200);
    expect(log.asked().filter((a) => !a.allowed)).toEqual([]);
    expect(scene.chronicle.denials).toEqual([]);
    expect(scene.chronicle.lost).toEqual([]);
    expect(scene.lab.calls.filter((c) => /AccessDenied|ValidationException|Unknown/.test(c.error ?? ''))).toEqual([]);
  });

  it('needs every grant: without any one action, row family or queue, a call would be denied', async () => {
    const roles = new Map<string, Principal>();
    for (const { principal } of log.asked()) if (principal.kind === 'role') roles.set(principal.arn, principal);
    expect([...roles.keys()].map((arn) => arn.split('/').at(-1)).toSorted()).toEqual(
      scene.lab.functionNames().toSorted(),
    );
    const unused: string[] = [];
    let tried = 0;
    for (const role of roles.values()) {
      const own = log.asked().filter((a) => a.principal.arn === role.arn);
      expect(await wouldDeny(own, role.policies), 'with all its grants').toBe(false);
      for (const { what, action, policies } of weakenings(role)) {
        tried += 1;
        const about = own.filter((a) => a.request.action.toLowerCase() === action.toLowerCase());
        if (!(await wouldDeny(about, policies))) unused.push(what);
      }
    }
    expect(tried).toBeGreaterThan(100);
    const known = [...IDLE.map(([pattern]) => pattern), ...EITHER];
    expect(unused.filter((what) => !known.some((pattern) => pattern.test(`${what} `)))).toEqual([]);
    // A grant that a scenario uses needs no reason.
    expect(IDLE.filter(([pattern]) => !unused.some((what) => pattern.test(`${what} `)))).toEqual([]);
  });
});

/** Resolves once a call or a delivery is denied: what follows only repeats it, for hours of retries. */
const firstDenial = async (scene: Scene): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const off = scene.lab.onEvent(() => {
    if (scene.chronicle.denials.length > 0) resolve();
  });
  await promise;
  off();
};

describe('a lab without one statement', () => {
  const lose = async (
    edit: (from: CfnTemplate) => CfnTemplate,
    run: (scene: Scene) => Promise<void>,
    endsAtDenial = false,
  ) => {
    const scene = await openScene(assembly, { edit });
    try {
      const whole = run(scene);
      await (endsAtDenial ? Promise.race([whole, firstDenial(scene)]) : whole);
      // Of a scene that is stopped at work.
      whole.catch(() => {});
      return {
        denials: scene.chronicle.denials,
        lost: scene.chronicle.lost,
        letters: scene.letters().map((l) => l.queue),
      };
    } finally {
      await scene.lab.stop();
    }
  };
  const statementOf = (pattern: RegExp) => {
    const found = templateStatements(template).find((s) => pattern.test(s.what) && s.effect === 'Allow');
    if (found === undefined) throw new Error(`no statement fits ${String(pattern)}`);
    return found;
  };
  /** One node, from its log line to its repair, where the permissions allow it. */
  const repairOne = async (scene: Scene): Promise<void> => {
    await scene.logFault(...scene.addNodes('demo', 1, { faultOf: () => REPAIRABLE }));
    await scene.lab.settle();
  };

  it('run-controller without the documents: reading them is denied, and the run records it', async () => {
    const { denials } = await lose(
      statementOf(/^RunControllerFunctionRole.*ssm:SendCommand/).without,
      async (scene) => {
        await repairOne(scene);
        const [run] = await scene.runs('demo');
        // Nothing ran: the node stays with the run, which tries again.
        expect(run).toMatchObject({
          refusal: { message: expect.stringMatching(/not authorized to perform: ssm:DescribeDocument/) },
        });
        expect(await scene.resultsOf(run?.runId ?? '')).toEqual([]);
      },
    );
    expect(denials.join()).toMatch(/ssm:DescribeDocument/);
  });

  it('the queue of signals without its rule: the symptom is in the queue of lost events, or nowhere', async () => {
    const signals = statementOf(/^SignalsQueuePolicy.*SendMessage.* from RulesSymptoms/).without;
    const kept = await lose(signals, repairOne);
    expect(kept.denials.join()).toMatch(/fleetmend-symptoms to .*:fleetmend-signals:.*not authorized/);
    expect([kept.letters, kept.lost]).toEqual([['fleetmend-rules-dlq'], []]);
    const bare = await lose((from) => signals(withoutResources(from, /^DeadRulesPolicy/)), repairOne);
    expect(bare.letters).toEqual([]);
    expect(bare.lost).toHaveLength(1);
  });

  if (isDeep)
    it('any statement of any role, action by action, and of any queue, topic and function: a call is denied', async () => {
      const silent: string[] = [];
      for (const { what, effect, isIdentity, actions, without } of templateStatements(template)) {
        // Other tests cover denials; alarms and lost events do not occur in this scenario.
        if (effect !== 'Allow' || /^DeadRulesPolicy|^Operators|^NoticesTopicPolicy\S* \d sns:Publish$/.test(what))
          continue;
        for (const action of isIdentity ? actions : [undefined]) {
          const label = `${what}: ${action ?? 'all of it'}`;
          // Nothing can be denied: the test above holds what is listed to that.
          if (IDLE.some(([pattern]) => pattern.test(`${label} `))) continue;
          const { denials } = await lose(
            (from) => withDigests(without(from, action)),
            async (scene) => void (await runBroadScenario(scene)),
            true,
          );
          console.info(`${denials.length === 0 ? 'silent' : 'noticed'} without ${label}`);
          if (denials.length === 0) silent.push(label);
        }
      }
      expect(silent).toEqual([]);
    }, 7_200_000);
});
