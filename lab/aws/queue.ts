import { createHash } from 'node:crypto';
import type { Queue, QueueContext, QueueMessage, QueueSettings, ReceivedMessage } from './queue-types.ts';
import { randomUuid } from './random.ts';

type Slot = {
  readonly message: QueueMessage;
  state: 'delayed' | 'visible' | 'in-flight' | 'gone';
  receiveCount: number;
  /** It stayed visible when it was last received: the next delivery repeats it, and no further duplicate is made. */
  duplicated: boolean;
  firstReceivedAt: number;
  receiptHandle: string;
  cancelTimer: (() => void) | undefined;
};

const DEDUPLICATION_MS = 5 * 60_000;
const MAX_FIFO_SCAN = 20_000;

/** Creates a queue. */
export const createQueue = (settings: QueueSettings, context: QueueContext): Queue => {
  const { clock, random, faults } = context;
  let slots: Slot[] = [];
  const byReceipt = new Map<string, Slot>();
  const inFlightGroups = new Map<string, number>();
  const deduplicated = new Map<
    string,
    { readonly untilMs: number; readonly messageId: string; readonly sequenceNumber: string }
  >();
  const listeners = new Set<() => void>();
  let sequence = 0;
  let totalReceived = 0;
  let gone = 0;

  const announce = (): void => {
    for (const listener of [...listeners]) listener();
  };
  const compact = (): void => {
    if (gone < 64 || gone * 2 < slots.length) return;
    slots = slots.filter((s) => s.state !== 'gone');
    gone = 0;
  };
  const leaveFlight = (slot: Slot): void => {
    slot.cancelTimer?.();
    slot.cancelTimer = undefined;
    const group = slot.message.groupId;
    if (slot.state !== 'in-flight' || group === undefined) return;
    const count = (inFlightGroups.get(group) ?? 1) - 1;
    if (count === 0) inFlightGroups.delete(group);
    else inFlightGroups.set(group, count);
  };
  const drop = (slot: Slot): void => {
    leaveFlight(slot);
    byReceipt.delete(slot.receiptHandle);
    slot.state = 'gone';
    gone += 1;
    compact();
  };
  const becomeVisible = (slot: Slot): void => {
    leaveFlight(slot);
    slot.state = 'visible';
    announce();
  };
  const add = (message: QueueMessage, delayMs: number): void => {
    const slot: Slot = {
      message,
      state: delayMs > 0 ? 'delayed' : 'visible',
      receiveCount: 0,
      duplicated: false,
      firstReceivedAt: 0,
      receiptHandle: '',
      cancelTimer: undefined,
    };
    slots.push(slot);
    if (delayMs > 0) slot.cancelTimer = clock.after(delayMs, () => becomeVisible(slot));
    else announce();
  };

  const send: Queue['send'] = (input) => {
    const nowMs = clock.now();
    const deduplicationId =
      input.deduplicationId ??
      (settings.fifo && settings.contentBasedDeduplication
        ? createHash('sha256').update(input.body).digest('hex')
        : undefined);
    const deduplicationKey =
      settings.deduplicatesPerGroup === true
        ? `${input.groupId ?? ''} ${deduplicationId ?? ''}`
        : (deduplicationId ?? '');
    if (settings.fifo && deduplicationId !== undefined) {
      const seen = deduplicated.get(deduplicationKey);
      if (seen !== undefined && seen.untilMs > nowMs) return seen;
    }
    sequence += 1;
    const sequenceNumber = String(18_849_496_460_467_696_128n + BigInt(sequence) * 256n);
    const message: QueueMessage = {
      messageId: randomUuid(random),
      body: input.body,
      attributes: input.attributes ?? {},
      sentAt: nowMs,
      senderId: input.senderId ?? 'AIDALAB',
      ...(settings.fifo && input.groupId !== undefined && deduplicationId !== undefined
        ? { groupId: input.groupId, deduplicationId, sequenceNumber }
        : {}),
    };
    if (settings.fifo && deduplicationId !== undefined) {
      deduplicated.set(deduplicationKey, {
        untilMs: nowMs + DEDUPLICATION_MS,
        messageId: message.messageId,
        sequenceNumber,
      });
      if (deduplicated.size > 10_000) {
        for (const [id, entry] of deduplicated) if (entry.untilMs <= nowMs) deduplicated.delete(id);
      }
    }
    add(message, (input.delaySeconds ?? settings.delaySeconds) * 1000);
    return { messageId: message.messageId, ...(settings.fifo ? { sequenceNumber } : {}) };
  };

  /** Removes an expired message, and moves one that was received too often to the dead-letter queue. True if it did. */
  const leaves = (slot: Slot, nowMs: number): boolean => {
    if (slot.message.sentAt + settings.retentionSeconds * 1000 <= nowMs) {
      drop(slot);
      return true;
    }
    if (settings.redrive === undefined || slot.receiveCount < settings.redrive.maxReceiveCount) return false;
    drop(slot);
    context.deadLetter(settings, slot.message);
    return true;
  };

  const receive: Queue['receive'] = (max, visibilityTimeoutSeconds) => {
    const nowMs = clock.now();
    const timeoutMs = (visibilityTimeoutSeconds ?? settings.visibilityTimeoutSeconds) * 1000;
    // A group is blocked while an earlier message of it is not deleted, which keeps the order within the group.
    const closedGroups = new Set(inFlightGroups.keys());
    const taken: ReceivedMessage[] = [];
    for (const slot of slots.slice(0, MAX_FIFO_SCAN)) {
      if (taken.length >= max) break;
      const group = slot.message.groupId;
      if (slot.state === 'gone' || slot.state === 'in-flight') continue;
      if (group !== undefined && closedGroups.has(group)) continue;
      if (slot.state === 'delayed') {
        if (group !== undefined) closedGroups.add(group);
        continue;
      }
      if (leaves(slot, nowMs)) continue;
      slot.receiveCount += 1;
      totalReceived += 1;
      if (slot.firstReceivedAt === 0) slot.firstReceivedAt = nowMs;
      byReceipt.delete(slot.receiptHandle);
      slot.receiptHandle = `${settings.name}#${randomUuid(random)}`;
      byReceipt.set(slot.receiptHandle, slot);
      taken.push({
        message: slot.message,
        receiptHandle: slot.receiptHandle,
        receiveCount: slot.receiveCount,
        firstReceivedAt: slot.firstReceivedAt,
      });
      // Without the limit, a message that is processed correctly would be received until its redrive policy removes it.
      slot.duplicated = !slot.duplicated && !settings.fifo && random() < faults.duplicateDeliveryRate;
      if (timeoutMs === 0 || slot.duplicated) {
        clock.after(0, announce);
        continue;
      }
      slot.state = 'in-flight';
      if (group !== undefined) inFlightGroups.set(group, (inFlightGroups.get(group) ?? 0) + 1);
      slot.cancelTimer = clock.after(timeoutMs, () => becomeVisible(slot));
    }
    return taken;
  };

  return {
    settings,
    send,
    receive,
    remove: (receiptHandle) => {
      const slot = byReceipt.get(receiptHandle);
      if (slot === undefined || slot.state === 'gone') return false;
      // A FIFO message whose visibility timeout has passed can no longer be deleted by the old receipt.
      if (settings.fifo && slot.state !== 'in-flight') return false;
      drop(slot);
      announce();
      return true;
    },
    changeVisibility: (receiptHandle, seconds) => {
      const slot = byReceipt.get(receiptHandle);
      if (slot === undefined || slot.state !== 'in-flight') return 'not-in-flight';
      slot.cancelTimer?.();
      if (seconds === 0) becomeVisible(slot);
      else slot.cancelTimer = clock.after(seconds * 1000, () => becomeVisible(slot));
      return 'changed';
    },
    accept: (message) => add(message, 0),
    depth: () => {
      const count = (state: Slot['state']): number => slots.reduce((n, s) => n + (s.state === state ? 1 : 0), 0);
      return { visible: count('visible'), inFlight: count('in-flight'), delayed: count('delayed') };
    },
    activity: () => ({ isPolled: listeners.size > 0, received: totalReceived }),
    peek: () => slots.filter((s) => s.state === 'visible').map((s) => s.message),
    onAvailable: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    purge: () => {
      for (const slot of slots) if (slot.state !== 'gone') drop(slot);
    },
  };
};
