export { actions } from './actions.ts';
export { deployed } from './deployed.ts';
export { explain } from './explain.ts';
export { node } from './node.ts';
export { open } from './open.ts';
export { outcomes } from './outcomes.ts';
export { pauses } from './pauses.ts';
export { quarantine } from './quarantine.ts';
export { reasons } from './reasons.ts';
export { request } from './request.ts';
export { run } from './run.ts';
export { runs } from './runs.ts';
export { status } from './status.ts';
export { summary } from './summary.ts';
// Each line is a query; its file has its payload and the plan of its answer.
