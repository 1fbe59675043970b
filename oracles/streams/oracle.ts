import { built, finished } from '../go.ts';
import { LeftOut, type Oracle } from '../oracle.ts';

/** What client-go sees of exec and port-forward in a running cluster; STREAMS_POD is `pod/container` with a shell in it. */
export const streamsOracle: Oracle = {
  name: 'streams',
  async run({ say }) {
    const [pod, container] = (process.env['STREAMS_POD'] ?? '').split('/');
    if (!pod || !container || !process.env['KUBECONFIG'])
      throw new LeftOut('it needs a cluster (KUBECONFIG) and a pod in it with a shell (STREAMS_POD=pod/container)');
    const { code, output } = await finished(await built('streams'), ['-pod', pod, '-container', container]);
    say(output);
    return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  },
};
