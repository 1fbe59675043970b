import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtTest, finished, moduleFolder } from '../go.ts';
import { LeftOut, type Oracle, type Tally } from '../oracle.ts';

const CLASS = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'navarch' },
  spec: { controllerName: 'navarch.dev/gateway' },
};
/** One of the pool of `up`, and one that nobody has (RFC 5737). */
const [USABLE, UNUSABLE] = ['10.95.0.254', '192.0.2.9'];

/**
 * The Gateway API's conformance suite, with its profiles of HTTP and gRPC and every feature that our GatewayClass says is
 * supported, against a cluster that runs (GATEWAY_KUBECONFIG) and has the image echo-basic of `images/`. It takes some
 * minutes; GATEWAY_TEST is the one test to run.
 */
export const gatewayOracle: Oracle = {
  name: 'gateway',
  async run({ say }) {
    const kubeconfig = process.env['GATEWAY_KUBECONFIG'];
    if (kubeconfig === undefined)
      throw new LeftOut(
        'it needs a cluster (GATEWAY_KUBECONFIG) that has the image echo-basic: `navarch image load` takes what `node images/build.ts echo-basic` makes',
      );
    const env = { KUBECONFIG: kubeconfig };
    await install(await moduleFolder('sigs.k8s.io/gateway-api', 'gateway'), env);
    const only = process.env['GATEWAY_TEST'];
    const flags = [
      '-test.v',
      '-test.timeout=45m',
      `-gateway-class=${CLASS.metadata.name}`,
      '-conformance-profiles=GATEWAY-HTTP,GATEWAY-GRPC',
      `-usable-address=${USABLE}`,
      `-unusable-address=${UNUSABLE}`,
      ...(only === undefined ? [] : [`-run-test=${only}`]),
    ];
    const { code, output } = await finished(await builtTest('gateway'), flags, { env });
    const tally = tallyOf(output);
    if (code !== 0 || tally.failed > 0) say(output);
    // A suite that cannot begin has no tests that fail.
    return tally.failed > 0 || code === 0 ? tally : { ...tally, failed: 1 };
  },
};

/** The definitions of the version whose suite it is, and a class of ours. */
async function install(module: string, env: Readonly<Record<string, string>>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-gateway-'));
  try {
    const file = join(folder, 'class.json');
    writeFileSync(file, JSON.stringify(CLASS));
    for (const path of [join(module, 'config/crd/standard'), file]) {
      const { code, output } = await finished('kubectl', ['apply', '--server-side', '-f', path], { env });
      if (code !== 0) throw new Error(`Cannot install the Gateway API:\n${output}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const TEST = /^ {4}--- (PASS|FAIL): /gm;

/** Tests that are skipped ask for what is not supported: they are neither. */
function tallyOf(output: string): Tally {
  const verdicts = Array.from(output.matchAll(TEST), ([, verdict]) => verdict);
  const failed = verdicts.filter((verdict) => verdict === 'FAIL').length;
  return { passed: verdicts.length - failed, failed };
}
