import type { Oracle } from '../oracle.ts';
import { serving } from '../client/serve.ts';
import { connected, steps } from './walk.ts';

/** The official JavaScript client, unmodified, asking a server of ours in memory. Its streams are tried in a running cluster. */
export const javascriptOracle: Oracle = {
  name: 'javascript',
  async run({ say }) {
    await using server = await serving();
    let [passed, failed] = [0, 0];
    const client = await connected(server.url);
    for (const [name, run] of Object.entries(steps)) {
      try {
        await run(client);
        passed += 1;
        say(`ok   javascript: ${name}`);
      } catch (error) {
        failed += 1;
        say(`FAIL javascript: ${name}: ${(error as Error).message}`);
      }
    }
    return { passed, failed };
  },
};
