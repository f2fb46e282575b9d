import { expect, it } from 'vitest';
import { line, type Notice } from './notice.ts';
import { chatOf } from './notice-chat.ts';

const notice: Notice = {
  id: 'r-1/breaker',
  kind: 'breaker-opened',
  severity: 'critical',
  status: 'firing',
  cluster: 'shop',
  dedupKey: 'breaker/shop/pause-image',
  title: line`Repairs of ${'shop/pause-image'} were stopped`,
  text: [line`Run ${'r-1'}`],
  next: [line`fleetmend explain ${'shop/pause-image'}`],
};

it('is a custom notification of version 1.0, in the thread of its dedupKey', () => {
  expect(chatOf(notice, 'fleetmend')).toEqual({
    version: '1.0',
    source: 'custom',
    id: 'r-1/breaker',
    content: {
      textType: 'client-markdown',
      title: '🔴 Repairs of `shop/pause-image` were stopped',
      description: 'Run `r-1`',
      nextSteps: ['fleetmend explain `shop/pause-image`'],
      keywords: ['fleetmend', 'critical', 'firing'],
    },
    metadata: {
      threadId: 'fleetmend/breaker/shop/pause-image',
      summary: 'Repairs of `shop/pause-image` were stopped',
      eventType: 'breaker-opened',
      additionalContext: {
        id: 'r-1/breaker',
        kind: 'breaker-opened',
        severity: 'critical',
        status: 'firing',
        cluster: 'shop',
        dedupKey: 'breaker/shop/pause-image',
      },
    },
  });
});

it('marks what is resolved, and has no steps where there is nothing to do', () => {
  const { content } = chatOf({ ...notice, status: 'resolved', severity: 'info', next: [], text: [] }, 's');
  expect(content.title).toMatch(/^🟢/u);
  expect(content).not.toHaveProperty('nextSteps');
  expect(content.description).toBe('Repairs of `shop/pause-image` were stopped');
});

it.each([
  ['<!channel> look', '`‹!channel› look`'],
  ['@here', '`＠here`'],
  ['`*bold*` _x_', "`'*bold*' _x_`"],
  ['<https://evil.example|all is well>', '`‹https://evil.example|all is well›`'],
  ['a\nb\u202e', '`a�b�`'],
  ['&lt;!channel&gt;', '`＆lt;!channel＆gt;`'],
  ['', '`-`'],
])('shows %j from outside as code, which names nobody and links nowhere', (datum, shown) => {
  expect(chatOf({ ...notice, text: [line`${datum}`] }, 's').content.description).toBe(shown);
});

it('stays within its limits', () => {
  const long = line`${'x'.repeat(5000)}`;
  const many = Array.from({ length: 99 }, () => long);
  const { content, metadata } = chatOf({ ...notice, title: [...long, ...long], text: many, next: many }, 's');
  expect(content.title.length).toBeLessThanOrEqual(250);
  expect(content.description.length).toBeLessThanOrEqual(8000);
  expect(content.nextSteps).toHaveLength(10);
  expect(metadata.summary.length).toBeLessThanOrEqual(250);
});

it('never cuts text from outside so that it is no code any more, however long it is', () => {
  const outside = (text: string): string => text.replaceAll(/`[^`]*`/g, '');
  for (let length = 1; length <= 300; length++) {
    const datum = 'evil.example/'.repeat(30).slice(0, length);
    const { title, text } = {
      title: line`${'shop'}: node ${datum} is broken: ${datum}`,
      text: line`${datum}: ${datum} (${datum})`,
    };
    const { content, metadata } = chatOf({ ...notice, title, text: Array.from({ length: 60 }, () => text) }, 's');
    for (const shown of [content.title, content.description, metadata.summary]) {
      expect(outside(shown)).not.toMatch(/[`]|evil/);
      expect(shown.length).toBeGreaterThan(Math.min(60, length));
    }
  }
});
