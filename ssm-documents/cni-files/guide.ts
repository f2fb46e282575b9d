import type { Guide } from '../../core/model/remediation.ts';
import { commonGuide, runtimeGuide, UNCHANGED } from '../lib/reasons/guides.ts';

const { ConfigUnreadable, DiskFull, RuntimeDown, RuntimeNotContainerd } = runtimeGuide;
const RESTARTED = 'No step is necessary: the repair restarts aws-node, which writes its own files again.';
const MODE = '`chmod a-x /opt/cni/bin/NAME`';

/** Where the faults of a node's CNI files are, and how to undo what the repair did about them. */
export const guide = {
  ...commonGuide,
  ConfigUnreadable,
  DiskFull,
  RuntimeDown,
  RuntimeNotContainerd,
  CNIConfigMissing: {
    where: 'The folder of CNI configurations, `/etc/cni/net.d` by default (`evidence.confDir`).',
    undo: RESTARTED,
  },
  CNIConfigInvalid: {
    where: 'The first file in `/etc/cni/net.d` (`evidence.config`), which is the one that the runtime uses.',
    undo: RESTARTED,
  },
  CNIConfigConflict: {
    where: 'The first file in `/etc/cni/net.d` (`evidence.config`), before `10-aws.conflist`.',
    undo: 'Move the file back: `mv /etc/cni/net.d.fleetmend-backup/<time>/FILE /etc/cni/net.d/`.',
  },
  CNIAgentMissing: {
    where: 'The first file in `/etc/cni/net.d` (`evidence.config`), and the container in `evidence.missingAgent`.',
    undo: UNCHANGED,
  },
  CNIBinaryMissing: {
    where: 'The programs in `evidence.missingPlugins`, in `/opt/cni/bin` by default (`evidence.binDirs`).',
    undo: RESTARTED,
  },
  CNIBinaryInvalid: {
    where: 'The programs in `evidence.unusablePlugins` or `evidence.notExecutable`, in `/opt/cni/bin` by default.',
    undo: `Take the execute bit away that the repair set (\`evidence.madeExecutable\`): ${MODE}. After a restart of aws-node no step is necessary.`,
  },
  CNINotReady: {
    where: "aws-node's ipamd (`/var/log/aws-routed-eni/ipamd.log`), or the CNI plugin of the runtime.",
    undo: RESTARTED,
  },
} as const satisfies Readonly<Record<string, Guide>>;
