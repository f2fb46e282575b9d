// The programs that lab/start.mjs starts, with their words. Plain JavaScript, as lab/start.mjs is.

export const BENCH_PARTS = ['functions', 'node', 'lived-in', 'hops', 'first-fault', 'fleet'];

export const programs = {
  demo: {
    file: 'lab/demo.ts',
    usage: `usage: npm run demo [-- --real]
Starts the whole pipeline on loopback, breaks nodes of a cluster, and shows how they are repaired.
  --real       six real nodes with systemd and containerd in place of forty simulated ones; needs root on Debian 12`,
    options: { real: { type: 'boolean', default: false } },
  },
  lab: {
    file: 'lab/keep.ts',
    usage: `usage: npm run lab
Starts the whole pipeline on loopback with a hundred simulated nodes, of which ten are broken, and keeps it running until
Ctrl-C. It prints what another shell needs to use it.`,
    options: {},
  },
  bench: {
    file: 'test/bench/run.ts',
    usage: `usage: npm run bench [-- OPTION...]
  --json       print the figures as JSON
  --write      also write them to docs/performance.md
  --nodes N    simulated nodes (1000)
  --rounds N   rounds on the real nodes (5)
  --only NAME,...  only these parts: ${BENCH_PARTS.join(', ')}; the page keeps the others`,
    options: {
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      nodes: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
    },
  },
};
