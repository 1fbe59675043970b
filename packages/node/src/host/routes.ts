import { CommandError, runCommand } from './command.ts';

export interface Route {
  /** `10.244.1.0/24` */
  readonly destination: string;
  /** The address of the machine that knows the way on; it must be on a network of this one. */
  readonly via: string;
}

export interface RefusedRoute extends Route {
  readonly why: string;
}

/** Marks routes as ours (rtm_protocol, rtnetlink(7)), so that others' are never touched. Not in anybody's list of names. */
const PROTOCOL = '78';

interface ShownRoute {
  readonly dst: string;
  readonly gateway?: string;
}

/** Makes our routes exactly these: adds, changes and removes. Resolves to the ones that the kernel refused. */
export async function replaceRoutes(wanted: readonly Route[], signal: AbortSignal): Promise<readonly RefusedRoute[]> {
  const isOfIpv6 = ({ destination }: Route): boolean => destination.includes(':');
  return [
    ...(await replaceFamily(
      '-4',
      wanted.filter((route) => !isOfIpv6(route)),
      signal,
    )),
    ...(await replaceFamily('-6', wanted.filter(isOfIpv6), signal)),
  ];
}

async function replaceFamily(
  family: '-4' | '-6',
  wanted: readonly Route[],
  signal: AbortSignal,
): Promise<readonly RefusedRoute[]> {
  const { stdout } = await runCommand(['ip', '-j', family, 'route', 'show', 'proto', PROTOCOL], {}, signal);
  const present = new Map(
    (JSON.parse(stdout || '[]') as readonly ShownRoute[]).map(({ dst, gateway }) => [dst, gateway]),
  );
  const refused: RefusedRoute[] = [];
  for (const destination of present.keys()) {
    if (!wanted.some((route) => route.destination === destination))
      await runCommand(['ip', family, 'route', 'del', destination, 'proto', PROTOCOL], {}, signal);
  }
  for (const route of wanted) {
    if (present.get(route.destination) === route.via) continue;
    try {
      await runCommand(
        ['ip', family, 'route', 'replace', route.destination, 'via', route.via, 'proto', PROTOCOL],
        {},
        signal,
      );
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      refused.push({ ...route, why: error.stderr.trim() });
    }
  }
  return refused;
}
