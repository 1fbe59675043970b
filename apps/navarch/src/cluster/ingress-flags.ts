import { join } from 'node:path';
import { findProgram, installPackages, whoListens } from '@navarch/node/host';
import { sentenceOf, UserError } from '../user-error.ts';
import { portOf } from './flags.ts';
import type { Steps } from './steps.ts';

export interface IngressFlags {
  readonly ingress?: boolean;
  readonly ingressHttpPort?: string;
  readonly ingressHttpsPort?: string;
}

export interface IngressPorts {
  readonly http: number;
  readonly https: number;
}

export const INGRESS_PORTS: IngressPorts = { http: 80, https: 443 };
const PROGRAM = 'haproxy';

/** Where HAProxy of a cluster's folder keeps its files. */
export const ingressFolder = (dataDir: string): string => join(dataDir, 'ingress');

/** Those of before, or the usual ones, where none are given. */
export function ingressPortsOf(flags: IngressFlags, before: IngressPorts = INGRESS_PORTS): IngressPorts {
  const [http, https] = [
    flags.ingressHttpPort === undefined ? before.http : portOf('--ingress-http-port', flags.ingressHttpPort),
    flags.ingressHttpsPort === undefined ? before.https : portOf('--ingress-https-port', flags.ingressHttpsPort),
  ];
  if (http === https) throw new UserError('--ingress-http-port and --ingress-https-port must differ');
  return { http, https };
}

/**
 * The ports on which `up` serves Ingresses, if it does. Installs what serves them. A machine that cannot have
 * it gets its cluster without, unless Ingress was asked for by name.
 */
export async function prepareIngress(
  flags: IngressFlags,
  known: { readonly ingress?: IngressPorts } | undefined,
  steps: Steps,
  signal: AbortSignal,
): Promise<{ readonly ingress?: IngressPorts }> {
  if (flags.ingress === false) return {};
  const ports = ingressPortsOf(flags, known?.ingress);
  if (!findProgram(PROGRAM)) {
    const failure = await install(steps, signal);
    if (failure !== undefined) {
      if (flags.ingress) throw new UserError(`Ingress needs ${PROGRAM}, which cannot be installed: ${failure}`);
      steps.say(`Ingresses will not be served: ${PROGRAM} cannot be installed (${failure})`);
      return {};
    }
  }
  for (const port of Object.values(ports)) {
    const other = whoListens(port);
    if (other && other.name !== PROGRAM)
      steps.say(
        `Port ${port} is taken by ${other.name} (pid ${other.pid}): Ingresses are served once it is free; or choose others with --ingress-http-port and --ingress-https-port`,
      );
  }
  return { ingress: ports };
}

async function install(steps: Steps, signal: AbortSignal): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'that takes root';
  try {
    await steps.step(`Installing ${PROGRAM}, which serves Ingresses`, () =>
      installPackages([PROGRAM], { say: (line) => steps.say(`   ${line}`) }, signal),
    );
    return undefined;
  } catch (error) {
    return sentenceOf(error);
  }
}

/** What `up` tells the server about it. `nodeIP`: the address to serve on besides those of localhost; absent: all. */
export const ingressArguments = (ports: IngressPorts | undefined, nodeIP?: string): readonly string[] =>
  ports === undefined
    ? []
    : [
        '--ingress',
        '--ingress-http-port',
        String(ports.http),
        '--ingress-https-port',
        String(ports.https),
        ...(nodeIP === undefined ? [] : ['--ingress-bind-address', '127.0.0.1', '::1', nodeIP]),
      ];
