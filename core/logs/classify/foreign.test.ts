import { describe, expect, it } from 'vitest';
import { createBlockReader } from '../blocks.ts';
import { isForeign, repeatsPod } from './frame.ts';
import { readText } from './text.ts';

const foreign = (line: string): readonly boolean[] => (readText(line) ?? []).map(isForeign);
const texts = (raw: string): readonly string[] => (readText(raw) ?? []).map(({ text }) => text);
const KLOG = (n: number): string => `E0526 11:27:3${n}.000000    4242 kubelet.go:2840] failed ${n}`;

describe('a line is not about the sandbox', () => {
  it.each([
    [
      'where the component reports about a container',
      'failed to generate container "a" spec: sandbox image is missing',
    ],
    ['where a container runs a command', 'OCI runtime exec failed: exec failed: for sandbox'],
    ['where a container cannot start', 'RunContainerError: network sandbox is missing'],
    ['where a container begins the line', 'ExecSync for "a" failed: failed to create PodSandbox'],
    [
      'where a program that is no component wrote it',
      'May 26 11:27:32 ip-10-0-3-7 sshd[644]: failed to get sandbox image',
    ],
  ])('%s', (_, line) => {
    expect(foreign(line)).toEqual([true]);
    expect((readText(line) ?? []).map(repeatsPod)).toEqual([true]);
  });
});

describe('a line is about the sandbox', () => {
  it.each([
    ['where it names no container', 'failed to get sandbox image "a.example/pause:3.5"'],
    [
      'where it names the sandbox first',
      'failed to create PodSandbox: OCI runtime create failed: unable to start container process',
    ],
    ['where its container is that of the sandbox', 'failed to "StartContainer" for "POD" with RunContainerError: "x"'],
    ['where a component wrote it', 'May 26 11:27:32 ip-10-0-3-7 kubelet[644]: failed to get sandbox image'],
  ])('%s', (_, line) => {
    expect(foreign(line)).toEqual([false]);
  });
});

describe('a value of several lines, as klog writes it', () => {
  it('is left out of a text, up to the line that ends it', () => {
    expect(texts(`${KLOG(1)} output=<\n\tfailed to get sandbox image\n >\n${KLOG(2)}`)).toEqual([
      `${KLOG(1)} output=<\n>`,
      KLOG(2),
    ]);
    expect(texts(`${KLOG(1)} output=<  \n\tx\n > err="y"\n${KLOG(2)}`)).toEqual([
      `${KLOG(1)} output=<\n> err="y"`,
      KLOG(2),
    ]);
    expect(texts(`${KLOG(1)} output=< x\n\ty`)).toEqual([`${KLOG(1)} output=< x\ny`]);
  });

  const placesOf = (...lines: readonly (readonly [message: string, at: number])[]) => {
    const place = createBlockReader();
    return lines.map(([message, at]) => place('kubelet', message, at));
  };

  it('is followed over the records of a stream', () => {
    expect(placesOf(['a output=<', 0], ['\tx', 1], [' >', 2], ['b', 3], ['c', 1000], ['d', 1001])).toEqual([
      'own',
      'inside',
      'inside',
      'doubtful',
      'doubtful',
      'own',
    ]);
    expect(placesOf(['a output=<  ', 0], ['x', 1], ['> err="y"', 2], ['b', 5000])).toEqual([
      'own',
      'inside',
      'inside',
      'own',
    ]);
  });

  it('may begin before the stream does, and is none of another program', () => {
    expect(placesOf(['\tx', 0], ['a', 1])).toEqual(['inside', 'own']);
    const place = createBlockReader();
    expect([place('kubelet', 'a output=<', 0), place('containerd', '\tx', 1), place('kubelet', 'x', 2)]).toEqual([
      'own',
      'own',
      'inside',
    ]);
  });

  it('that begins again makes what follows doubtful again, and a clock that is set back nothing', () => {
    expect(placesOf(['a=<', 0], ['>', 1], ['b=<', 2000], ['>', 2001], ['c', 3000], ['d', 1999])).toEqual([
      'own',
      'inside',
      'own',
      'inside',
      'doubtful',
      'own',
    ]);
  });
});

describe('a text of several records', () => {
  it('says which of them no blank line separates from the one before', () => {
    const follows = (raw: string) => (readText(raw) ?? []).map((segment) => segment.follows === true);
    expect(follows(`${KLOG(1)}\n${KLOG(2)}\n\n${KLOG(3)}`)).toEqual([false, true, false]);
    expect(follows(`${KLOG(1)} ${'x'.repeat(120)} ${KLOG(2)}`)).toEqual([false, true]);
  });

  it('is not cut within a quotation, wherever its lines begin', () => {
    const quoted = `${KLOG(1)} err="${'x'.repeat(120)} ${KLOG(2)} y"`;
    expect(texts(quoted)).toEqual([quoted]);
    expect(texts(`first\n${quoted}\n  ${KLOG(3)}`)).toEqual(['first', quoted, KLOG(3)]);
    const apart = `${KLOG(1)} err="a\n\n${KLOG(2)} b"`;
    expect(texts(apart)).toHaveLength(1);
  });

  it('is read up to its hundredth record', () => {
    expect(texts(Array.from({ length: 101 }, () => KLOG(1)).join('\n'))).toHaveLength(100);
    const joined = Array.from({ length: 120 }, () => `${KLOG(1)} ${'x'.repeat(60)}`).join(' ');
    expect(texts(joined).length).toBeLessThanOrEqual(101);
  });

  it('of a shipper is one record, without its blank lines', () => {
    expect(texts(JSON.stringify({ log: `${KLOG(1)}\n\n  ${KLOG(2)}` }))).toEqual([`${KLOG(1)}\n${KLOG(2)}`]);
  });
});
