import { attributesOf, bodyOf, type Notice, subjectOf } from '../../core/api/notice.ts';
import { chatOf } from '../../core/api/notice-chat.ts';
import { digestNotice } from '../../core/api/notice-digest.ts';
import { happenedAt, NoticeEvent, tellings } from '../../core/api/notice-texts.ts';
import { mergeSummary } from '../../core/api/summary-merge.ts';
import { epochMs, isoTime } from '../../core/model/ids.ts';
import { DigestRequest } from '../../events/ticks.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { NotifierPorts } from './ports.ts';
import { sendOnce } from './send-once.ts';

const WEEK_MS = 7 * 86_400_000;

const publish = async (ports: NotifierPorts, notice: Notice, at: string): Promise<void> => {
  const { topic, chat, stackName, log, count } = ports;
  const attributes = attributesOf(notice);
  const done = await sendOnce(ports, notice, at, {
    mail: () => topic.publish({ subject: subjectOf(notice), message: bodyOf(notice, stackName), attributes }),
    ...(chat === undefined
      ? {}
      : { chat: () => chat.publish({ message: JSON.stringify(chatOf(notice, stackName)), attributes }) }),
  });
  if (done === 'sent') {
    count('NoticesSent');
    log.info('sending notice', { ...attributes });
  } else {
    count(done === 'stale' ? 'StaleNotices' : 'RepeatedNotices');
    log.info('leaving out notice', { ...attributes, why: done });
  }
};

/** The notice of the last seven days; none where only problems are wanted. */
const digests = async ({ askSummary, now, send }: NotifierPorts): Promise<readonly Notice[]> => {
  if (send === 'problems') return [];
  const until = now().toISOString();
  const since = new Date(now().getTime() - WEEK_MS).toISOString();
  const { items, missingBefore } = await askSummary({ since, until });
  return [digestNotice(mergeSummary(items), until.slice(0, 10), missingBefore)];
};

type Dated = { readonly notices: readonly Notice[]; readonly at: string };

const noticesOf = async (ports: NotifierPorts, event: unknown): Promise<Dated> => {
  const nowMs = ports.now().getTime();
  if (DigestRequest.safeParse(event).success) return { notices: await digests(ports), at: isoTime(nowMs) };
  const { data } = NoticeEvent.safeParse(event);
  if (data === undefined)
    throw new PermanentError('reading the event: expected an event of fleetmend, or {"kind":"digest"}');
  const notices = tellings(data, ports.send);
  if (notices === undefined) {
    ports.log.warn('ignoring event that people are not told about', { detailType: data['detail-type'] });
    ports.count('UntoldEvents');
  }
  const happened = happenedAt(data) ?? isoTime(nowMs);
  // A time to come would keep back what comes until then.
  return { notices: notices ?? [], at: isoTime(Math.min(epochMs(happened), nowMs)) };
};

/** Sends people what an event of fleetmend says, or sends the digest. One message that fails keeps back no other. */
export const notify = async (ports: NotifierPorts, event: unknown): Promise<void> => {
  const { notices, at } = await noticesOf(ports, event);
  const failed: unknown[] = [];
  for (const notice of notices) {
    try {
      await publish(ports, notice, at);
    } catch (thrown) {
      failed.push(thrown);
    }
  }
  if (failed.length > 1)
    throw new AggregateError(failed, `sending notices: ${failed.length} of ${notices.length} failed`);
  if (failed.length === 1) throw failed[0];
};
