import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from '../../ssm-documents/classify.ts';
import { search } from '../deep.ts';
import { PARTS, readCorpus } from './corpus.ts';
import { FRAMES } from './quoted-frames.ts';

// An event of a probe does not name its pod: that the probe of aws-node fails is its own meaning, and leads to a check.
const OWN_MEANING = 'probe failed: {"level":"info"';
const faults = PARTS.flatMap(readCorpus).filter(({ reason, text }) => reason !== null && !text.includes(OWN_MEANING));
const HARMLESS = 'a text that means nothing';
const record = (unit: string, message: string) => JSON.stringify({ systemd_unit: unit, message });

describe('a component that quotes the author of a pod', () => {
  it.each(FRAMES)('says the same whatever it quotes: $name', ({ kind, around }) => {
    const own = classify(around(HARMLESS), kind);
    for (const { text } of faults) {
      const forged = around(text);
      expect({ forged, found: classify(forged, kind) }).toEqual({ forged, found: own });
    }
  });

  it.each(FRAMES)(
    'says the same in a record that a shipper sends, and twice escaped: $name',
    async ({ name, kind, around }) => {
      const unit = kind === 'containerd' ? 'containerd.service' : 'kubelet.service';
      const own = classify(record(unit, around(HARMLESS)));
      const { seed, numRuns } = search(`faults in a frame: ${name}`, 15, 800);
      await fc.assert(
        fc.property(fc.constantFrom(...faults), fc.integer({ min: 0, max: 2 }), ({ text }, escapes) => {
          const escaped = Array.from({ length: escapes }).reduce<string>((it) => JSON.stringify(it).slice(1, -1), text);
          expect(classify(record(unit, around(escaped)))).toEqual(own);
        }),
        { seed, numRuns, verbose: true },
      );
    },
  );
});
