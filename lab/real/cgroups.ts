import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes a control group in every hierarchy of the machine (version 1, 2 or both) and returns the folders. A process
 * joins by writing its id to `cgroup.procs` in each. Without its own group, two nodes' systemd would share one.
 */
export function makeControlGroups(path: string): string[] {
  return hierarchies().map(({ root, version }) => {
    let folder = root;
    for (const part of path.split('/')) {
      if (version === 2) delegate(folder);
      const child = join(folder, part);
      mkdirSync(child, { recursive: true });
      // A cpuset of version 1 takes no process before it has processors and memory.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        if (version === 1 && existsSync(join(child, file))) {
          writeFileSync(join(child, file), readFileSync(join(folder, file)));
        }
      }
      folder = child;
    }
    return folder;
  });
}

/** Mount points of the control group hierarchies. */
function hierarchies(): { root: string; version: 1 | 2 }[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([, root = '', type]): { root: string; version: 1 | 2 }[] => {
      if (type === 'cgroup') return [{ root, version: 1 }];
      return type === 'cgroup2' ? [{ root, version: 2 }] : [];
    });
}

function delegate(folder: string): void {
  const controllers = readFileSync(join(folder, 'cgroup.controllers'), 'utf8').trim().split(/\s+/).filter(Boolean);
  const enabled = readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8').trim().split(/\s+/);
  for (const controller of controllers.filter((name) => !enabled.includes(name))) {
    try {
      writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`);
    } catch (error) {
      // A group with processes of its own may not hand controllers down; its children do without them.
      if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) throw error;
    }
  }
}

/** Why this machine lets no control groups be made; undefined where it does. */
export function controlGroupObstacle(): string | undefined {
  try {
    for (const folder of makeControlGroups(`fleetmend-probe-${process.pid}`)) rmdirSync(folder);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The start of a command line that runs the rest of it as a member of the groups. */
export function joinControlGroups(groups: readonly string[]): string[] {
  const script = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"';
  return ['sh', '-c', script, 'sh', ...groups, '--'];
}
