import { describe, expect, it } from 'vitest';
import { compileLogFilter } from './filter-pattern.ts';

const LINE = 'E1012 pod_workers.go: "failed to get sandbox image \\"x/eks/pause:3.5\\"" 401 Unauthorized';

describe('a log filter', () => {
  it.each<[string, boolean]>([
    ['', true],
    ['?"failed to get sandbox image" ?"cni plugin not initialized"', true],
    ['?"cni plugin not initialized" ?Unauthorized', true],
    ['?"cni plugin not initialized" ?Forbidden', false],
    ['"sandbox image" Unauthorized', true],
    ['"sandbox image" Forbidden', false],
    ['"sandbox image" -Unauthorized', false],
    ['"SANDBOX IMAGE"', false],
    ['Unauthorized ?Forbidden', true],
    ['"image \\"x"', false],
  ])('%s', (pattern, passes) => {
    expect(compileLogFilter(pattern)(LINE)).toBe(passes);
  });

  it.each(['{ $.level = "error" }', '[ip, user]', '"unfinished', 'a.b', '%regex%'])('refuses %s', (pattern) => {
    expect(() => compileLogFilter(pattern)).toThrow('reading the log filter');
  });
});
