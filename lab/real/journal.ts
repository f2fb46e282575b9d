import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { RealNode } from './node.ts';
import { killGroup } from './process.ts';

/** One line of a node's journal. */
export type JournalLine = {
  readonly unit: string;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly timeMilliseconds: number;
};

/** The units that Container Insights' Fluent Bit ships to the log group `…/dataplane`. */
const SHIPPED_UNITS = ['docker.service', 'containerd.service', 'kubelet.service'];

const JournalRecord = z.object({
  MESSAGE: z.string(),
  _SYSTEMD_UNIT: z.string(),
  __REALTIME_TIMESTAMP: z.string(),
});

/**
 * Follows the journal of the node from now, for the units that Fluent Bit ships; returns a function that stops it.
 * Resolves once the journal is being read, so that nothing that is logged afterwards is missed.
 */
export async function followJournal(node: RealNode, onLine: (line: JournalLine) => void): Promise<() => Promise<void>> {
  const units = SHIPPED_UNITS.map((unit) => `_SYSTEMD_UNIT=${unit}`);
  // The last line of the journal so far shows that the reader has started.
  const command = ['journalctl', '--follow', '--lines=1', '--output=json', '--no-pager', ...units];
  const [program = '', ...args] = node.enter(command);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: {}, detached: true });
  const { promise: reading, resolve, reject } = Promise.withResolvers<void>();
  child.on('error', (cause) => reject(new Error(`following the journal: ${cause.message}`, { cause })));
  let started = false;
  createInterface({ input: child.stdout }).on('line', (text) => {
    if (!started) {
      started = true;
      resolve();
      return;
    }
    // A line that is not text (bytes) is no log line of containerd or kubelet.
    const record = JournalRecord.safeParse(JSON.parse(text));
    if (!record.success) return;
    onLine({
      unit: record.data._SYSTEMD_UNIT,
      message: record.data.MESSAGE,
      timeMilliseconds: Math.floor(Number(record.data.__REALTIME_TIMESTAMP) / 1000),
    });
  });
  await reading;
  return async () => {
    const ended = new Promise((done) => child.once('close', done));
    if (child.exitCode !== null || child.signalCode !== null) return;
    // nsenter stays outside while journalctl runs on the node.
    killGroup(child.pid ?? 0);
    await ended;
  };
}

/** The record that Fluent Bit of Container Insights makes from a journal line, as JSON. */
export function toFluentBitRecord(node: RealNode, line: JournalLine): string {
  return JSON.stringify({
    hostname: node.privateDnsName,
    systemd_unit: line.unit,
    message: line.message,
    az: `${node.region}a`,
    ec2_instance_id: node.instanceId,
  });
}

/** The log stream that Fluent Bit writes a unit's lines of this node to. */
export function logStreamOf(node: RealNode, unit: string): string {
  return `${node.privateDnsName}-dataplane.systemd.${unit}`;
}
