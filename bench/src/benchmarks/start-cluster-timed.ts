// Run as a process of its own by the benchmark `testing`: prints how long imports, the first cluster and the next took.
const began = performance.now();
const { startCluster } = await import('@navarch/testing');
const { isNodeReady, node } = await import('@navarch/api');
const importMs = performance.now() - began;

async function timed(): Promise<number> {
  const start = performance.now();
  await using cluster = await startCluster({ nodes: 1 });
  for (;;) {
    const { items } = await cluster.api.of(node).list();
    if (items.length === 1 && items.every(isNodeReady)) return performance.now() - start;
    await cluster.advance(100);
  }
}

const firstMs = await timed();
const nextMs = await timed();
process.stdout.write(`${JSON.stringify({ importMs, firstMs, nextMs })}\n`);
