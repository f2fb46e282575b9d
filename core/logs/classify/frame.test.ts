import { expect, it } from 'vitest';
import { isQuoting } from './frame.ts';
import { readText } from './text.ts';

const quotes = (line: string): readonly boolean[] => (readText(line) ?? []).map(isQuoting);

it.each([
  ['a Java logger', '2026-08-22 10:00:00.123 ERROR [main] c.e.App - failed to get sandbox image'],
  ['a Python logger', 'ERROR:app.main:failed to get sandbox image'],
  ['an exception', 'IllegalStateException: failed to get sandbox image'],
  [
    'a container that logs through CRI',
    '2026-08-22T10:00:00.123456789Z stderr F ERROR:app:failed to get sandbox image',
  ],
  ['a request in the log of a server', '10.0.0.1 - - "GET /?q=failed+to+get+sandbox+image HTTP/1.1" 200'],
  ['sudo in the journal', 'sudo: root : COMMAND=/usr/bin/grep failed to get sandbox image'],
  ['a probe that failed', 'kubelet: Probe failed: failed to get sandbox image'],
])('the text of %s is a quotation', (_, line) => {
  expect(quotes(line)).toEqual([true]);
});

it.each([
  ['containerd', 'time="2026-08-22T10:00:00Z" level=error msg="failed to get sandbox image"'],
  ['kubelet', 'E0822 10:00:00.123456 1 pod_workers.go:1301] CreatePodSandboxError: failed to get sandbox image'],
  ['a component that names a request far behind', `x ${'y'.repeat(4000)} "GET / HTTP/1.1"`],
  ['the old VPC CNI, though an application may begin so', '2019-07-24T11:00:00Z [ERROR] Failed to reach IPAMD'],
  ['the old VPC CNI with milliseconds', '2019-07-24T11:00:00.123Z [WARN] Failed to reach IPAMD'],
])('a line of %s is not', (_, line) => {
  expect(quotes(line)).toEqual([false]);
});
