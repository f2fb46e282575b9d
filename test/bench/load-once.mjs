// Loads one module in a fresh process and prints how long that took: `node load-once.mjs <file url>`.
const since = performance.now();
await import(process.argv[2]);
process.stdout.write(String(performance.now() - since));
