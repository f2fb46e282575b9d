import { attributesOf, bodyOf, type Notice, subjectOf } from '../../core/api/notice.ts';
import { chatOf } from '../../core/api/notice-chat.ts';
import { digestNotice } from '../../core/api/notice-digest.ts';
import { NoticeEvent, tellings } from '../../core/api/notice-texts.ts';
import { mergeSummary } from '../../core/api/summary-merge.ts';
import { DigestRequest } from '../../events/ticks.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { NotifierPorts } from './ports.ts';

const WEEK_MS = 7 * 86_400_000;

const publish = async ({ topic, chat, stackName, log, count }: NotifierPorts, notice: Notice): Promise<void> => {
  const attributes = attributesOf(notice);
  await topic.publish({ subject: subjectOf(notice), message: bodyOf(notice, stackName), attributes });
  await chat?.publish({ message: JSON.stringify(chatOf(notice, stackName)), attributes });
  count('NoticesSent');
  log.info('sending notice', { ...attributes });
};

/** The notice of the last seven days; none where only problems are wanted. */
const digests = async ({ askSummary, now, send }: NotifierPorts): Promise<readonly Notice[]> => {
  if (send === 'problems') return [];
  const until = now().toISOString();
  const since = new Date(now().getTime() - WEEK_MS).toISOString();
  return [digestNotice(mergeSummary(await askSummary({ since, until })), until.slice(0, 10))];
};

const noticesOf = async (ports: NotifierPorts, event: unknown): Promise<readonly Notice[]> => {
  if (DigestRequest.safeParse(event).success) return await digests(ports);
  const { data } = NoticeEvent.safeParse(event);
  if (data === undefined)
    throw new PermanentError('reading the event: expected an event of fleetmend, or {"kind":"digest"}');
  const notices = tellings(data, ports.send);
  if (notices === undefined) {
    ports.log.warn('ignoring event that people are not told about', { detailType: data['detail-type'] });
    ports.count('UntoldEvents');
  }
  return notices ?? [];
};

/** Sends people what an event of fleetmend says, or sends the digest. A message that was sent may be sent again after an error. */
export const notify = async (ports: NotifierPorts, event: unknown): Promise<void> => {
  for (const notice of await noticesOf(ports, event)) await publish(ports, notice);
};
