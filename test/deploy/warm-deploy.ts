import { type ChildProcess, spawn } from 'node:child_process';

/** A deployment as it is asked for: the words of the command line, and the whole environment. */
export type DeploymentCall = { readonly words: readonly string[]; readonly env: NodeJS.ProcessEnv };

/** Ends each stream of a deployment; the exit code follows it. */
export const END = '\0end ';
const ENDED = /\0end (\d+)\n/u;

/** A process that deploys again and again, one deployment after the other, and is gone with this process. */
export const warmDeployments = (program: string, cwd: string, env: NodeJS.ProcessEnv) => {
  let child: ChildProcess | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const started = (): ChildProcess => {
    if (child?.connected === true) return child;
    child = spawn(process.execPath, [program], { cwd, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    child.unref();
    return child;
  };
  const deploy = (call: DeploymentCall): Promise<{ readonly code: number; readonly output: string }> =>
    new Promise((resolve, reject) => {
      const process = started();
      const streams = [process.stdout, process.stderr].filter((stream) => stream !== null);
      let output = '';
      let open = streams.length;
      const end = (): void => {
        for (const stream of streams) stream.removeAllListeners('data');
        process.removeListener('exit', died);
      };
      const died = (): void => {
        end();
        reject(new Error(`the process that deploys has ended: ${output}`));
      };
      for (const stream of streams) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          const code = ENDED.exec(output)?.[1];
          if (code === undefined) return;
          output = output.replace(ENDED, '');
          open -= 1;
          if (open > 0) return;
          end();
          resolve({ code: Number(code), output });
        });
      }
      process.once('exit', died);
      process.send(call);
    });
  /** The output of a deployment, both streams in one text, and its exit code. */
  return (call: DeploymentCall) => {
    const next = last.then(() => deploy(call));
    last = next.catch(() => undefined);
    return next;
  };
};
