import * as z from 'zod';
import { readSymptoms, type Symptom } from '../../core/logs/symptoms.ts';
import { logStreamOf, toFluentBitRecord } from '../../lab/real/journal.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { classify, mayShow } from '../../ssm-documents/classify.ts';
import { catalogue } from '../../ssm-documents/remediations.ts';
import { nameOf, runDocument } from './documents.ts';

const JournalRecord = z.object({
  MESSAGE: z.string(),
  _SYSTEMD_UNIT: z.string(),
  __REALTIME_TIMESTAMP: z.string(),
});
const UNITS = ['kubelet.service', 'containerd.service', 'docker.service', 'cri-docker.service'];

/** The symptoms that log-classifier would publish for what the components of a node logged since a time. */
export const symptomsSince = async (node: RealNode, sinceMs: number): Promise<readonly Symptom[]> => {
  const units = UNITS.map((unit) => `_SYSTEMD_UNIT=${unit}`);
  const since = `--since=@${(sinceMs / 1000).toFixed(3)}`;
  const { stdout } = await node.exec(['journalctl', '--output=json', '--no-pager', since, ...units]);
  const records = stdout
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      // A line that is not text (bytes) is no log line of containerd or kubelet.
      const { success, data } = JournalRecord.safeParse(JSON.parse(line));
      return success ? [data] : [];
    });
  const rules = { classify, mayShow, knows: (reason: string) => catalogue().has(reason), mayRead: () => true };
  return UNITS.flatMap((unit) => {
    const events = records
      .filter((record) => record._SYSTEMD_UNIT === unit)
      .map(({ MESSAGE, __REALTIME_TIMESTAMP }) => {
        const timestamp = Math.floor(Number(__REALTIME_TIMESTAMP) / 1000);
        return { timestamp, message: toFluentBitRecord(node, { unit, message: MESSAGE, timeMilliseconds: timestamp }) };
      });
    return readSymptoms('matrix', logStreamOf(node, unit), events, Date.now(), rules).symptoms;
  });
};

/**
 * Throws where a line of a broken node proves a fault of a remediation whose check calls the node Healthy: one of the two is
 * wrong, and the line would lead to a repair. Hints lead to checks, and contradict nothing.
 */
export const linesMustAgree = async (node: RealNode, sinceMs: number): Promise<void> => {
  const proofs = (await symptomsSince(node, sinceMs)).filter(({ hint }) => hint !== true);
  for (const { reason, evidence } of proofs) {
    const [remediation] = catalogue().get(reason)?.remediations ?? [];
    if (remediation === undefined)
      throw new Error(`reading the lines of ${nameOf(node)}: ${reason} has no remediation`);
    const { what, result, reply } = await runDocument(node, `${remediation}-check`);
    if (result.outcome !== 'Healthy') continue;
    throw new Error(`${what} is Healthy, but a line of the node proves ${reason}: ${evidence}\n${reply.stdout}`);
  }
};
