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
const coded = (datum: string, room: number): string => {
  if (room < MIN_CODE) return '';
  const safe = Object.entries(LOOKALIKES).reduce(
    (text, [found, alike]) => text.replaceAll(found, alike),
    plainText(datum, Math.min(MAX_DATUM, room - 2)),
  );
  return safe.trim() === '' ? '`-`' : `\`${safe}\``;
};
const LOOKALIKES: Readonly<Record<string, string>> = { '`': "'", '<': '‹', '>': '›', '&': '＆', '@': '＠' };

/** A code of one character. */
const MIN_CODE = 3;

/** A line of at most so many characters. Half of a code would be none, and the rest of it would be read as markup. */
const markdownOf = (parts: Line, max = MAX_DESCRIPTION): string =>
  parts.reduce((text: string, part) => {
    const room = max - text.length;
    return text + (typeof part === 'string' ? part.slice(0, room) : coded(part.datum, room));
  }, '');

/** The lines that fit, each of them whole. */
const fitting = (lines: readonly string[]): string =>
  lines.reduce((text, one) => (text.length + one.length < MAX_DESCRIPTION ? `${text}${one}\n` : text), '').trimEnd();

const MARKS = { firing: { critical: '🔴', warning: '🟠', info: '🔵' }, resolved: '🟢', told: '🔵' } as const;

const markOf = ({ status, severity }: Notice): string => (status === 'firing' ? MARKS.firing[severity] : MARKS[status]);

/** A custom notification of Amazon Q Developer in chat applications, version 1.0. Messages of one `dedupKey` share a thread. */
export const chatOf = (notice: Notice, stackName: string) => {
  const { id, kind, severity, status, dedupKey } = notice;
  const mark = `${markOf(notice)} `;
  const title = markdownOf(notice.title, MAX_TITLE - mark.length);
  return {
    version: '1.0',
    source: 'custom',
    id: plainText(id, MAX_DATUM),
    content: {
      textType: 'client-markdown',
      title: `${mark}${title}`,
      description: fitting(notice.text.map((parts) => markdownOf(parts))) || title,
      ...(notice.next.length === 0
        ? {}
        : { nextSteps: notice.next.slice(0, MAX_STEPS).map((parts) => markdownOf(parts)) }),
      keywords: ['fleetmend', severity, status],
    },
    metadata: {
      threadId: plainText(`${stackName}/${dedupKey}`, MAX_DATUM),
      summary: title,
      eventType: kind,
      additionalContext: attributesOf(notice),
    },
  };
};
