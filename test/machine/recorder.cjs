// Preloaded into the Node processes of a test run (NODE_OPTIONS): writes down every command line that they start. The
// suite `programs` holds those against the list of programs. CommonJS, since a module (--import) costs each
// process another 20 ms.
const childProcess = require('node:child_process');
const { appendFileSync } = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const file = process.env.FLEETMEND_STARTED;
/** Command lines of this process that are written already. */
const written = new Set();

/**
 * Notes a line that could not be written: a program that is missing from the record cannot be held against the list, so
 * the suite `programs` fails with each note. The recorded process goes on, unless the note cannot be written either.
 */
const noteFailure = (failure) => {
  try {
    appendFileSync(`${file}.failed`, `${failure}\n`);
  } catch (cause) {
    throw new Error(`recording ${failure}`, { cause });
  }
};

const record = (command, words = []) => {
  // Process ids and ports differ from call to call, and say nothing of programs.
  const line = JSON.stringify([String(command), ...words.map((word) => String(word).replace(/^\d+$/, '0'))]);
  if (written.has(line)) return;
  written.add(line);
  try {
    appendFileSync(file, `${line}\n`);
  } catch (error) {
    noteFailure(`${line}: ${error.message}`);
  }
};

if (file !== undefined) {
  // Every asynchronous way (spawn, exec, execFile, fork) ends here, also where it was imported before.
  const { spawn } = childProcess.ChildProcess.prototype;
  childProcess.ChildProcess.prototype.spawn = function (options) {
    record(options.file, (options.args ?? []).slice(1));
    return spawn.call(this, options);
  };
  const { spawnSync, execFileSync, execSync } = childProcess;
  const words = (args) => (Array.isArray(args) ? args : []);
  childProcess.spawnSync = (command, args, ...rest) => {
    record(command, words(args));
    return spawnSync(command, args, ...rest);
  };
  childProcess.execFileSync = (command, args, ...rest) => {
    record(command, words(args));
    return execFileSync(command, args, ...rest);
  };
  childProcess.execSync = (command, ...rest) => {
    record('/bin/sh', ['-c', command]);
    return execSync(command, ...rest);
  };
  syncBuiltinESMExports();
}
