import { startRealFleet } from '../../lab/real/fleet.ts';
import type { RealNode } from '../../lab/real/node.ts';
import { probe } from '../../lab/real/packages.ts';
import { NODE_CHECK_KEYS } from '../support/node-check-keys.ts';
import { firstEdition } from './first-edition.ts';
import { LIVED_IN_NODE, liveIn } from './lived-in.ts';
import { inRounds } from './node-repairs.ts';
import { built, byHand, delivered, givenToken, type Way, type WayFigures } from './node-ways.ts';

/** A node that has been lived in, repaired and checked by these documents and by those of the first edition. */
export type LivedInFigures =
  | { readonly ran: false; readonly why: string }
  | { readonly ran: true; readonly rounds: number; readonly ways: readonly WayFigures[] };

/** The names of the ways, for those who compare two. */
export const LIVED_IN_WAYS = {
  manual: 'by hand: AWS CLI, ctr content fetch',
  repair: 'repair',
  firstRepair: 'repair, first edition',
  check: 'check of the healthy node',
  firstCheck: 'check of the healthy node, first edition',
  nodeCheck: 'node-check of the healthy node',
  firstNodeCheck: 'node-check of the healthy node, first edition',
} as const;

const [firstPart = '', ...otherParts] = NODE_CHECK_KEYS;

const waysOn = (node: RealNode, of: (key: string) => Way['document']): readonly Way[] => {
  const repaired = { breakKind: 'missing', expect: { outcome: 'Repaired' } } as const;
  const healthy = { expect: { outcome: 'Healthy' } } as const;
  const ecr = { outcome: 'Repaired', method: 'ecr' };
  const names = LIVED_IN_WAYS;
  return [
    byHand(node),
    givenToken(node),
    { ...repaired, name: names.firstRepair, document: of('pause-image-repair') },
    { ...repaired, name: names.repair, document: built('pause-image-repair'), expect: ecr, isTimed: true },
    { ...healthy, name: names.firstCheck, document: of('pause-image-check') },
    { ...healthy, name: names.check, document: built('pause-image-check') },
    { ...healthy, name: names.firstNodeCheck, document: of('node-check') },
    { ...healthy, name: names.nodeCheck, document: built(firstPart), beside: otherParts.map(built) },
  ];
};

/** Repairs and checks a node that has been lived in, in rounds with the documents of the first edition. */
export const measureLivedIn = async (rounds: number): Promise<LivedInFigures> => {
  const machine = await probe();
  if (!machine.ok) return { ran: false, why: `this machine lacks ${machine.missing.join('; ')}` };
  const first = firstEdition();
  if (!first.ok) return { ran: false, why: first.why };
  const of = (key: string): Way['document'] => {
    const document = first.documents.find((one) => one.key === key);
    if (document === undefined) throw new Error(`measuring the first edition: it has no document ${key}`);
    return delivered(`first-edition-${key}`, document.content);
  };
  const fleet = await startRealFleet({ nodes: [LIVED_IN_NODE] });
  try {
    const [node] = fleet.nodes;
    if (node === undefined) throw new Error('starting a fleet of one: it has no node');
    await liveIn(node);
    return { ran: true, rounds, ways: await inRounds(fleet, waysOn(node, of), () => node, rounds) };
  } finally {
    await fleet.stop();
  }
};
