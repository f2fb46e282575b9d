import { expect, it } from 'vitest';
import { phrase } from './text.ts';
import { statusFailed, unitFailed } from './units.ts';

it.each([
  ["docker.service: Failed with result 'exit-code'.", true],
  ['docker.service: Main process exited, code=exited, status=1/FAILURE', true],
  ['docker.service: Main process exited, code=exited, status=0/SUCCESS', false],
  ['docker.service: Main process exited, code=killed, status=15/TERM', false],
  ['Unit docker.service entered failed state.', true],
  ['<30>1 2026-03-12T07:41:09Z host systemd 1 - - docker.service: Start request repeated too quickly.', true],
  ["rootless-docker.service: Failed with result 'exit-code'.", false],
  ['docker.service: Deactivated successfully.', false],
])('reads whether systemd found the unit failed: %s', (line, expected) => {
  expect(unitFailed('docker\\.service').test(phrase(line))).toBe(expected);
});

it('reads the output of systemctl status', () => {
  const status = (active: string) => phrase(`● docker.service - Docker\n   Loaded: loaded\n   Active: ${active}`);
  expect(statusFailed('docker\\.service').test(status('failed (Result: exit-code)'))).toBe(true);
  expect(statusFailed('docker\\.service').test(status('active (running)'))).toBe(false);
});
