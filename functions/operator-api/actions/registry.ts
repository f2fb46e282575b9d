// Each line is an action, or a few that are alike; its file has its payload and what it does.
export { cancel } from './cancel.ts';
export { check } from './check.ts';
export { pause, resume } from './pause.ts';
export { release } from './release.ts';
export { repair } from './repair.ts';
export { replay } from './replay.ts';
