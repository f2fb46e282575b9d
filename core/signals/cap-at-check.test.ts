import { expect, it } from 'vitest';
import { signalSample } from '../../test/support/signal-samples.ts';
import { Policy } from '../model/policy.ts';
import { capAtCheck, readSignal, signalSettings } from './read-signal.ts';

it.each(['symptoms/match-logs', 'launches/match-launch'])('a capped signal leads to a check at most: %s', (path) => {
  const reading = readSignal(signalSample(path), signalSettings(Policy.parse({})));
  const { signal } = reading.ok ? reading : expect.fail();
  const limits = signal.kind === 'node' ? { trusted: false, checkOnly: true } : {};
  expect(capAtCheck(signal, 'fleetmend.replay')).toEqual({ ...signal, source: 'fleetmend.replay', ...limits });
});
