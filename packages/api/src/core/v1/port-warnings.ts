import type { ContainerPort } from '../../generated/types/core-v1.ts';

/** A port of a container, and the path of its field. */
export interface PlacedPort {
  readonly port: ContainerPort;
  readonly at: string;
}

/** Ports of a pod's containers that mean the same, or may. */
export function portWarnings(placed: readonly PlacedPort[]): readonly string[] {
  const byNumber = Map.groupBy(placed, ({ port }) => `${port.containerPort}/${port.protocol}`);
  return placed.flatMap((one) => {
    const { hostIP, hostPort } = one.port;
    const others = byNumber.get(`${one.port.containerPort}/${one.port.protocol}`) ?? [];
    return [
      ...(hostIP && !hostPort ? [`${one.at}: hostIP set without hostPort: ${shown(one.port)}`] : []),
      ...others.slice(0, others.indexOf(one)).flatMap((other) => clash(one, other)),
    ];
  });
}

function clash({ port, at }: PlacedPort, other: PlacedPort): readonly string[] {
  const [ip, otherIp] = [port.hostIP ?? '', other.port.hostIP ?? ''];
  const [number, otherNumber] = [port.hostPort ?? 0, other.port.hostPort ?? 0];
  if (ip === otherIp && number === otherNumber) return [`${at}: duplicate port definition with ${other.at}`];
  if (number === 0 || otherNumber === 0) return [`${at}: overlapping port definition with ${other.at}`];
  // The host's port on all of its addresses and on one of them: nobody knows who gets it.
  const isAmbiguous = number === otherNumber && (ip === '') !== (otherIp === '');
  return isAmbiguous ? [`${at}: dangerously ambiguous port definition with ${other.at}`] : [];
}

/** As Go prints a struct. */
const shown = ({ name = '', hostPort = 0, containerPort, protocol, hostIP = '' }: ContainerPort): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol ?? ''} HostIP:${hostIP}}`;

/** Whoever asks for a port by its name gets the first one. */
export function portNameWarnings(placed: readonly PlacedPort[]): readonly string[] {
  const first = new Map<string, string>();
  return placed.flatMap(({ port: { name }, at }) => {
    if (!name) return [];
    const other = first.get(name);
    if (other !== undefined)
      return [
        `${at}: duplicate port name ${JSON.stringify(name)} with ${other}, services and probes that select ports by name will use ${other}`,
      ];
    first.set(name, at);
    return [];
  });
}
