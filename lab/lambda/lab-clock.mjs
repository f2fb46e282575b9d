// Preloaded into every function process: Date and timers follow the lab's clock (LAB_CLOCK, then each invocation).
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';

const RealDate = Date;
const state = JSON.parse(process.env.LAB_CLOCK ?? '{"labMs":0,"wallMs":0,"speed":1}');
delete process.env.LAB_CLOCK;

const now = () => Math.floor(state.labMs + (RealDate.now() - state.wallMs) * state.speed);

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
});

/** The runner informs the clock about each invocation. */
globalThis[Symbol.for('fleetmend.lab.setClock')] = (next) => Object.assign(state, next);

if (state.speed !== 1) {
  const require = createRequire(import.meta.url);
  const scaled = (real) => {
    const timer = (run, ms, ...args) => real(run, (ms ?? 0) / state.speed, ...args);
    return timer;
  };
  const realTimeout = globalThis.setTimeout;
  const timers = require('node:timers');
  const promises = require('node:timers/promises');
  const realSleep = promises.setTimeout;
  const sleep = (ms, ...rest) => realSleep((ms ?? 0) / state.speed, ...rest);
  globalThis.setTimeout = scaled(realTimeout);
  globalThis.setTimeout[promisify.custom] = sleep;
  globalThis.setInterval = scaled(globalThis.setInterval);
  timers.setTimeout = globalThis.setTimeout;
  timers.setInterval = globalThis.setInterval;
  promises.setTimeout = sleep;
  syncBuiltinESMExports();
}
