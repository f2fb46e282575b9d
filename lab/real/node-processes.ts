import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process of a node, by this machine's process id. */
export type NodeProcess = { readonly pid: number; readonly command: string };

/** Clock ticks a second of /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** All processes of the process namespace that `initPid` (this machine's id) is the first of. */
export function nodeProcesses(initPid: number): NodeProcess[] {
  const namespace = readlinkSync(`/proc/${initPid}/ns/pid`);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        if (readlinkSync(`/proc/${entry}/ns/pid`) !== namespace) return [];
        return [{ pid: Number(entry), command: readFileSync(`/proc/${entry}/comm`, 'utf8').trim() }];
      } catch (error) {
        if (isNotOfNode(error)) return [];
        throw error;
      }
    });
}

/** Processor time of a process and of its ended children, in milliseconds (a resolution of 10). */
export function processorMilliseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name may hold spaces: count from the parenthesis that ends it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return (ticks * 1000) / TICKS_PER_SECOND;
}

/** The process has ended, or it belongs to the machine and cannot be read. */
function isNotOfNode(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(String(error.code))
  );
}
