import { defined } from '../../core/model/defined.ts';
import type { ResultRow } from '../../core/state/results.ts';
import { NODE_QUARANTINED, NOTICE_SOURCE } from '../../events/rules.ts';
import type { Bus } from '../adapters/messaging/bus.ts';
import { asError } from '../runtime/errors.ts';
import type { Log } from '../runtime/logger.ts';
import type { Count } from '../runtime/metrics.ts';

/** Announces on the bus what has happened. It never fails: what has happened stays so, and the log and the metric `NoticeGivenUp` say what was not told. */
export type Tell = (detailType: string, detail: Readonly<Record<string, unknown>>) => Promise<void>;

/** Announces on a bus. */
export const createTell =
  ({ bus, log, count }: { readonly bus: Bus; readonly log: Log; readonly count: Count }): Tell =>
  async (detailType, detail) => {
    try {
      await bus.put([{ source: NOTICE_SOURCE, detailType, detail }]);
    } catch (thrown) {
      log.error('giving up a notice that the bus refuses', { detailType, ...detail, error: asError(thrown) });
      count('NoticeGivenUp');
    }
  };

/** Announces that the node of a result went into quarantine, with the advice for people. */
export type TellQuarantine = (row: ResultRow, advice: string) => Promise<void>;

/** Announces quarantines as other notices. */
export const tellQuarantine =
  (tell: Tell): TellQuarantine =>
  ({ runId, instanceId, cluster, remediation, reason }, advice) =>
    tell(NODE_QUARANTINED, {
      id: `${runId}/quarantined/${instanceId}`,
      ...{ instanceId, cluster, remediation, advice, ...defined({ reason }) },
    });
