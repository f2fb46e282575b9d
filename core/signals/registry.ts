// Each line is a signal; definitions/ has its rule, its reading and its documentation.
export { addons } from './definitions/addons.ts';
export { alarms } from './definitions/alarms.ts';
export { eksCalls } from './definitions/eks-calls.ts';
export { launches } from './definitions/launches.ts';
export { running } from './definitions/running.ts';
export { symptoms } from './definitions/symptoms.ts';
