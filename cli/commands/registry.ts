// Each line is a command; its file has its arguments, its options and what it does. The help lists them in this order.

export { actions } from './actions.ts';
export { cancel } from './cancel.ts';
export { check } from './check.ts';
export { contexts } from './contexts.ts';
export { discard, replay } from './dead-letters.ts';
export { doctor } from './doctor.ts';
export { explain } from './explain.ts';
export { lab } from './lab.ts';
export { node } from './node.ts';
export { pause, resume } from './pause.ts';
export { release } from './release.ts';
export { repair } from './repair.ts';
export { report } from './report.ts';
export { results } from './results.ts';
export { run } from './run.ts';
export { runs } from './runs.ts';
export { status } from './status.ts';
