import { describe, expect, it } from 'vitest';
import { defineLogRule } from '../model/log-lines.ts';
import { createClassifier } from './classify/classify.ts';
import { phrases, says } from './classify/text.ts';
import { createMemory } from './dedupe.ts';
import { readSymptoms, symptomKey } from './symptoms.ts';

const LINE =
  'E0526 "RunPodSandbox from runtime service failed" err="failed to get sandbox image \\"602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5\\": 401 Unauthorized"';
const NOW = Date.parse('2026-08-22T10:00:00Z');
const record = (fields: Record<string, unknown>) => JSON.stringify({ message: LINE, ...fields });
const A = 'i-0123456789abcdef0';
const B = 'i-0123456789abcdef1';

const classify = createClassifier([
  defineLogRule({
    name: 'image',
    order: 1,
    reasons: { SandboxImageMissing: 1 },
    read: (segment) => {
      if (says(segment, phrases('get sandbox image'))) return { reason: 'SandboxImageMissing' };
      return says(segment, phrases('ImageDelete event')) ? { reason: 'SandboxImageMissing', hint: true } : null;
    },
  }),
]);

describe('readSymptoms', () => {
  const read = (events: readonly { timestamp: number; message: string }[], stream = 's') =>
    readSymptoms('demo', stream, events, NOW, {
      classify,
      mayShow: () => true,
      knows: () => true,
      mayRead: () => true,
    });

  it('has one symptom per node and reason, in the order of nodes', () => {
    const { symptoms } = read([
      { timestamp: NOW - 1000, message: record({ ec2_instance_id: B }) },
      { timestamp: NOW - 3000, message: record({ ec2_instance_id: A }) },
      { timestamp: NOW - 9000, message: record({ ec2_instance_id: A }) },
      { timestamp: NOW - 2000, message: record({ ec2_instance_id: A, message: 'nothing' }) },
    ]);
    expect(symptoms).toMatchObject([
      {
        cluster: 'demo',
        instanceId: A,
        reason: 'SandboxImageMissing',
        count: 2,
        firstSeenAt: '2026-08-22T09:59:51.000Z',
        lastSeenAt: '2026-08-22T09:59:57.000Z',
      },
      { instanceId: B, count: 1 },
    ]);
  });

  it('counts lines that name two nodes, which are no symptom of either', () => {
    const message = record({ ec2_instance_id: A, hostname: `${B}.ec2.internal` });
    expect(read([{ timestamp: NOW, message }])).toMatchObject({ symptoms: [], disputed: 1, withoutInstance: 0 });
  });

  it('orders the nodes whatever the order of their lines', () => {
    const line = (id: string) => ({ timestamp: NOW, message: record({ ec2_instance_id: id }) });
    for (const ids of [
      [A, B],
      [B, A],
    ]) {
      expect(read(ids.map(line)).symptoms.map((s) => s.instanceId)).toEqual([A, B]);
    }
  });

  it('names a node by its private DNS name where its lines have no instance id', () => {
    const [name, stream] = ['ip-10-0-1-2.ec2.internal', 'ip-10-0-1-2.ec2.internal-dataplane.systemd.kubelet.service'];
    const lines = [NOW - 1000, NOW].map((timestamp) => ({ timestamp, message: record({ hostname: name }) }));
    const { symptoms, withoutInstance } = read(lines, stream);
    expect([symptoms.map(({ node, instanceId, count }) => [node, instanceId, count]), withoutInstance]).toEqual([
      [[name, undefined, 2]],
      0,
    ]);
    expect(symptoms.map(symptomKey)).toEqual([`demo/${name}/SandboxImageMissing`]);
  });

  it('passes over lines that are no records', () => {
    const lines = [LINE, record({ ec2_instance_id: A })].map((message) => ({ timestamp: NOW, message }));
    expect(read(lines)).toMatchObject({ symptoms: [{ instanceId: A, count: 1 }], withoutInstance: 0 });
  });

  it("treats a time in the future as now, because a node's clock may run ahead", () => {
    const { symptoms } = read([{ timestamp: NOW + 3_600_000, message: record({ ec2_instance_id: A }) }]);
    expect(symptoms[0]?.lastSeenAt).toBe('2026-08-22T10:00:00.000Z');
  });

  it('keeps a hint apart from a fault', () => {
    const { symptoms } = read([
      {
        timestamp: NOW,
        message: record({
          ec2_instance_id: A,
          message: 'msg="ImageDelete event &ImageDelete{Name:x.example/eks/pause:3.5,}"',
        }),
      },
      { timestamp: NOW, message: record({ ec2_instance_id: A }) },
    ]);
    expect(symptoms.map((s) => s.hint)).toEqual([undefined, true]);
  });

  it('leaves out reasons that the deployed catalogue does not have', () => {
    const lines = [{ timestamp: NOW, message: record({ ec2_instance_id: A }) }];
    expect(
      readSymptoms('demo', 's', lines, NOW, {
        classify,
        mayShow: () => true,
        knows: (reason) => reason === 'Other',
        mayRead: () => true,
      }).symptoms,
    ).toEqual([]);
  });

  it('counts lines that name no instance', () => {
    expect(read([{ timestamp: NOW, message: record({ hostname: 'x' }) }])).toEqual({
      symptoms: [],
      withoutInstance: 1,
      foreign: 0,
      disputed: 0,
      cut: 0,
    });
  });

  it('counts lines that no component wrote', () => {
    const sshd = record({ ec2_instance_id: A, ident: 'sshd' });
    expect(read([{ timestamp: NOW, message: sshd }])).toMatchObject({ symptoms: [], foreign: 1 });
  });

  it('counts lines that are too long or over the budget, once each', () => {
    const long = record({ ec2_instance_id: A, message: `${LINE} ${'x'.repeat(40_000)}` });
    const [short, event] = [record({ ec2_instance_id: A }), (message: string) => ({ timestamp: NOW, message })];
    expect(read([event(long)])).toMatchObject({ symptoms: [{ count: 1 }], cut: 1 });
    const mayRead = (characters: number) => characters < 1;
    const rules = { classify, mayShow: () => true, knows: () => true, mayRead };
    expect(readSymptoms('demo', 's', [event(short), event(long)], NOW, rules)).toMatchObject({ symptoms: [], cut: 2 });
  });

  describe('a value of several lines, of which the journal makes a record each,', () => {
    const kubelet = (message: string, at = NOW) => ({
      timestamp: at,
      message: record({ ec2_instance_id: A, systemd_unit: 'kubelet.service', message }),
    });
    const BEGIN = 'I0822 10:00:00.1 1 prober.go:107] "Probe failed" output=<';

    it.each([
      ['with the tabs that klog writes', '\t'],
      ['without them', ''],
    ])('is not read %s', (_, tab) => {
      const lines = [BEGIN, `${tab}no`, `${tab}${LINE}`, ' >'].map((message) => kubelet(message));
      expect(read(lines)).toMatchObject({ symptoms: [], foreign: 3 });
    });

    it('leads to a check where the text may have ended it itself', () => {
      const lines = [BEGIN, 'no', '>', LINE].map((message) => kubelet(message));
      expect(read(lines).symptoms).toMatchObject([{ reason: 'SandboxImageMissing', hint: true }]);
    });

    it('does not weaken what kubelet logs later, or before', () => {
      const late = [kubelet(BEGIN), kubelet(' >'), kubelet(LINE, NOW + 1001)];
      expect(read(late).symptoms.map((s) => s.hint)).toEqual([undefined]);
      expect(read([kubelet(BEGIN), kubelet(' >'), kubelet(LINE, NOW - 1)]).symptoms.map((s) => s.hint)).toEqual([
        undefined,
      ]);
    });

    it('is not read where it began in another payload', () => {
      expect(read([kubelet(`\t${LINE}`)])).toMatchObject({ symptoms: [], foreign: 1 });
    });

    it('is none of another program', () => {
      const containerd = record({ ec2_instance_id: A, systemd_unit: 'containerd.service' });
      const lines = [kubelet(BEGIN), { timestamp: NOW, message: containerd }];
      expect(read(lines).symptoms.map((s) => s.hint)).toEqual([undefined]);
    });
  });

  it('stores no control, bidi or formula character of a line', () => {
    const message = `=\u001b[31m\u202e${LINE}\u0000`;
    const [symptom] = read([{ timestamp: NOW, message: record({ ec2_instance_id: A, message }) }]).symptoms;
    expect(symptom?.evidence).toMatch(/^'=\ufffd\[31m\ufffdE0526 /);
    expect(symptom?.evidence).toHaveLength(Math.min(300, message.length + 1));
    expect(symptom?.evidence).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('shows at most 300 characters of a line', () => {
    const message = `${LINE} ${'long '.repeat(100)}`;
    const { symptoms } = read([{ timestamp: NOW, message: record({ ec2_instance_id: A, message }) }]);
    expect(symptoms[0]?.evidence).toBe(message.slice(0, 300));
  });

  it('removes a long secret from the evidence', () => {
    const token = 'QVdTOmV5'.repeat(40);
    const message = `crictl pull --creds AWS:${token} ${LINE}`;
    const { symptoms } = read([{ timestamp: NOW, message: record({ ec2_instance_id: A, message }) }]);
    expect(symptoms[0]?.evidence).toContain('AWS:[cut]');
    expect(symptoms[0]?.evidence).not.toContain('QVdTOmV5');
  });
});

describe('the memory', () => {
  it('holds for its time and no longer', () => {
    const memory = createMemory({ forMs: 60_000, maxEntries: 10 });
    expect(memory.has('a', NOW)).toBe(false);
    memory.note('a', NOW);
    expect(memory.has('a', NOW + 59_999)).toBe(true);
    expect(memory.has('a', NOW + 60_000)).toBe(false);
    expect(memory.has('b', NOW)).toBe(false);
  });

  it('does not suppress the symptoms of a node when the clock is set back', () => {
    const memory = createMemory({ forMs: 60_000, maxEntries: 10 });
    memory.note('a', NOW);
    expect(memory.has('a', NOW - 1)).toBe(false);
  });

  it('forgets the oldest when it is full', () => {
    const memory = createMemory({ forMs: 60_000, maxEntries: 2 });
    for (const key of ['a', 'b', 'a', 'c']) memory.note(key, NOW);
    expect(['a', 'b', 'c'].map((key) => memory.has(key, NOW))).toEqual([true, false, true]);
  });
});
