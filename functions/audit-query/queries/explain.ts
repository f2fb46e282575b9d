import * as z from 'zod';
import { ExplainItem } from '../../../core/api/explain.ts';
import { Page } from '../../../core/api/report.ts';
import { RunId } from '../../../core/api/request.ts';
import { ClusterName } from '../../../core/model/ids.ts';
import { refuse } from '../../runtime/answer.ts';
import { defineAnswer } from '../define-query.ts';
import { answerForLanes } from '../explain/answer-lanes.ts';
import { answerForNode } from '../explain/answer-node.ts';
import { answerForRun } from '../explain/answer-run.ts';

/** What fleetmend does about a node, a remediation on a cluster or a run as of now, and what that rests on. */
export const explain = defineAnswer({
  name: 'explain',
  title:
    'Explains what fleetmend does about a node (by any of its names), a remediation of a cluster, or a run, and why: the verdict, the rule, the line of the configuration, each guard with its numbers, the next look, and the history.',
  payload: z.strictObject({
    node: z.string().min(2).max(260).optional(),
    cluster: ClusterName.optional(),
    remediation: z.string().max(40).optional(),
    runId: RunId.optional(),
    ...Page,
  }),
  items: ExplainItem,
  answer: async ({ node, cluster, remediation, runId, limit }, deps) => {
    if (runId !== undefined) return { items: [await answerForRun(deps, runId)] };
    const { remediations } = deps.settings;
    const names = remediations
      .map(({ name }) => name)
      .filter((name) => remediation === undefined || name === remediation);
    if (names.length === 0) {
      const allowed = remediations.map(({ name }) => name);
      return refuse('remediation', `there is no remediation ${remediation}; there are: ${allowed.join(', ')}`, {
        allowed,
      });
    }
    if (node !== undefined) return { items: await answerForNode(deps, { name: node, cluster, names, limit }) };
    if (cluster !== undefined) return { items: await answerForLanes(deps, cluster, names) };
    return refuse('node', 'give a node, a cluster or a run', { allowed: ['node', 'cluster', 'runId'] });
  },
});
