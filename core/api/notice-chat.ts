import { plainText } from '../model/because.ts';
import { attributesOf, type Line, type Notice } from './notice.ts';

/**
 * Limits that keep a message well within what chats show. Source of the fields: Amazon Q Developer in chat applications
 * administrator guide, "Custom notifications".
 */
const MAX_TITLE = 250;
const MAX_DESCRIPTION = 8000;
const MAX_STEPS = 10;
const MAX_DATUM = 300;

/**
 * Text from outside between backticks. What a chat would read as a mention, a link or the end of the code is replaced by what
 * looks like it: a chat decodes entities in some places only.
 */
const coded = (datum: string): string => {
  const safe = Object.entries(LOOKALIKES).reduce(
    (text, [found, alike]) => text.replaceAll(found, alike),
    plainText(datum, MAX_DATUM),
  );
  return safe.trim() === '' ? '`-`' : `\`${safe}\``;
};
const LOOKALIKES: Readonly<Record<string, string>> = { '`': "'", '<': '‹', '>': '›', '&': '＆', '@': '＠' };

const markdownOf = (parts: Line): string =>
  parts.map((part) => (typeof part === 'string' ? part : coded(part.datum))).join('');

const MARKS = { firing: { critical: '🔴', warning: '🟠', info: '🔵' }, resolved: '🟢', told: '🔵' } as const;

const markOf = ({ status, severity }: Notice): string => (status === 'firing' ? MARKS.firing[severity] : MARKS[status]);

/** A custom notification of Amazon Q Developer in chat applications, version 1.0. Messages of one `dedupKey` share a thread. */
export const chatOf = (notice: Notice, stackName: string) => {
  const { id, kind, severity, status, dedupKey } = notice;
  const title = markdownOf(notice.title);
  return {
    version: '1.0',
    source: 'custom',
    id: plainText(id, MAX_DATUM),
    content: {
      textType: 'client-markdown',
      title: `${markOf(notice)} ${title}`.slice(0, MAX_TITLE),
      description: notice.text.map(markdownOf).join('\n').slice(0, MAX_DESCRIPTION) || title,
      ...(notice.next.length === 0 ? {} : { nextSteps: notice.next.slice(0, MAX_STEPS).map(markdownOf) }),
      keywords: ['fleetmend', severity, status],
    },
    metadata: {
      threadId: plainText(`${stackName}/${dedupKey}`, MAX_DATUM),
      summary: title.slice(0, MAX_TITLE),
      eventType: kind,
      additionalContext: attributesOf(notice),
    },
  };
};
