// Each line is an action, or several similar ones. The file of an action has its payload and its implementation.
export { cancel } from './cancel.ts';
export { check } from './check.ts';
export { discard } from './discard.ts';
export { pause, resume } from './pause.ts';
export { release } from './release.ts';
export { repair } from './repair.ts';
export { replay } from './replay.ts';
export { testNotice } from './test-notice.ts';
