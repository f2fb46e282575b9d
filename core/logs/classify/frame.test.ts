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
  ['a logger that writes no fraction of a second', '2026-08-22 10:00:00 ERROR failed to get sandbox image'],
  ['a logger that writes a comma', '2026-08-22 10:00:00,123 INFO failed to get sandbox image'],
  ['a logger of another time zone', '[2026-08-22T10:00:00.123+0200] [WARN] failed to get sandbox image'],
  ['a logger with bars', '2026-08-22T10:00:00-02:30 | DEBUG | failed to get sandbox image'],
  ['a logger of levels in brackets', '[ERROR] failed to get sandbox image'],
  ['a Java logger that begins with the level', 'ERROR [main] failed to get sandbox image'],
  ['Spring Boot', 'INFO    org.springframework.boot.App : failed to get sandbox image'],
  ['ASP.NET', 'fail: Microsoft.AspNetCore.Hosting[6] failed to get sandbox image'],
  ['go-kit', 'level=info ts=2026-08-22T10:00:00Z msg="failed to get sandbox image"'],
  ['Prometheus', 'ts=2026-08-22T10:00:00Z caller=main.go:5 msg="failed to get sandbox image"'],
  ['Python', 'Traceback (most recent call last): failed to get sandbox image'],
  ['a thread', 'Exception in thread "main" failed to get sandbox image'],
  [
    'a container that logs through CRI in another time zone',
    '2026-08-22T10:00:00.123456789+02:00 stdout F ERROR:app:failed to get sandbox image',
  ],
  ['an application that repeats a line of the VPC CNI', 'ERROR:app:2019-07-24T11:00:00Z [ERROR] Failed to reach IPAMD'],
  ['a probe that failed', 'kubelet: Probe failed: failed to get sandbox image'],
])('the text of %s is a quotation', (_, line) => {
  expect(quotes(line)).toEqual([true]);
});

it.each([
  ['containerd', 'time="2026-08-22T10:00:00Z" level=error msg="failed to get sandbox image"'],
  ['kubelet', 'E0822 10:00:00.123456 1 pod_workers.go:1301] CreatePodSandboxError: failed to get sandbox image'],
  ['kubelet, which begins with the name of an error', 'CreatePodSandboxError: failed to get sandbox image'],
  ['a component that names a time and a level', 'kubelet: 2026-08-22 10:00:00 ERROR failed to get sandbox image'],
  ['a component that names a logger', 'kubelet: ERROR:app.main:failed to get sandbox image'],
  ['a component that names a level', 'kubelet: [ERROR] failed to get sandbox image'],
  ['a component that names a level and a thread', 'kubelet ERROR [main] failed to get sandbox image'],
  ['a component that names a class', 'kubelet info: Foo.bar failed to get sandbox image'],
  ['a component with a field like that of a logger', 'kubelet level=info ts=2026 failed to get sandbox image'],
  ['a component that names a trace', 'kubelet: Traceback of failed to get sandbox image'],
  ['a component with a level of its own', 'fail: no class here, failed to get sandbox image'],
  ['a component that names a request far behind', `x ${'y'.repeat(4000)} "GET / HTTP/1.1"`],
  ['the old VPC CNI, though an application may begin so', '2019-07-24T11:00:00Z [ERROR] Failed to reach IPAMD'],
  ['the old VPC CNI with milliseconds', '2019-07-24T11:00:00.123Z [WARN] Failed to reach IPAMD'],
])('a line of %s is not', (_, line) => {
  expect(quotes(line)).toEqual([false]);
});
