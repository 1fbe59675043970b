import { createServer, type Server } from 'node:net';

/** Free ports on loopback, all different: each is held until the last is found. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    const probe = createServer();
    await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
    const address = probe.address();
    if (typeof address === 'object' && address) ports.push(address.port);
    held.push(probe);
  }
  for (const probe of held) await new Promise((resolve) => probe.close(resolve));
  return ports;
}
