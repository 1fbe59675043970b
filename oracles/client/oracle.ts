import { built, finished } from '../go.ts';
import type { Oracle } from '../oracle.ts';
import { serving } from './serve.ts';

/** What client-go gets from a server: typed, dynamic and metadata clients, pagers, informers with and without watch lists, discovery. */
export const clientOracle: Oracle = {
  name: 'client',
  async run({ say }) {
    const program = await built('client');
    let [passed, failed] = [0, 0];
    for (const watchList of ['true', 'false']) {
      await using server = await serving();
      const { output } = await finished(program, [server.url, 'oracle'], {
        env: { KUBE_FEATURE_WatchListClient: watchList },
      });
      const lines = output.split('\n').filter((line) => /^(?:ok {3}|FAIL )/.test(line));
      for (const line of lines) say(`${line} WatchListClient=${watchList}`);
      if (lines.length === 0) say(output);
      passed += lines.filter((line) => line.startsWith('ok')).length;
      failed += lines.length === 0 ? 1 : lines.filter((line) => line.startsWith('FAIL')).length;
    }
    return { passed, failed };
  },
};
