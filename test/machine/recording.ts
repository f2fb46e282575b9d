/**
 * The variables that carry the recorder of started programs into a process with an environment of its own; none where
 * nothing is recorded.
 */
export const recordingVariables = (): Readonly<Record<string, string>> => {
  const { FLEETMEND_STARTED: file, NODE_OPTIONS: options } = process.env;
  return file === undefined || options === undefined ? {} : { FLEETMEND_STARTED: file, NODE_OPTIONS: options };
};
