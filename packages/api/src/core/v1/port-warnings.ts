import type { ContainerPort } from '../../generated/types/core-v1.ts';

/** A port of a container, and the path of its field. */
export interface PlacedPort {
  readonly port: ContainerPort;
  readonly at: string;
}

/** Ports of a pod's containers that mean the same, or may. */
export function portWarnings(placed: readonly PlacedPort[]): readonly string[] {
  const told: string[] = [];
  const earlier = new Map<string, PlacedPort[]>();
  for (const one of placed) {
    const { containerPort, protocol, hostIP, hostPort } = one.port;
    if (hostIP && !hostPort) told.push(`${one.at}: hostIP set without hostPort: ${shown(one.port)}`);
    const key = `${containerPort}/${protocol}`;
    const others = earlier.get(key);
    if (!others) earlier.set(key, [one]);
    else {
      for (const other of others) told.push(...clash(one, other));
      others.push(one);
    }
  }
  return told;
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
  const told: string[] = [];
  const first = new Map<string, string>();
  for (const { port, at } of placed) {
    if (!port.name) continue;
    const other = first.get(port.name);
    if (other === undefined) first.set(port.name, at);
    else
      told.push(
        `${at}: duplicate port name ${JSON.stringify(port.name)} with ${other}, services and probes that select ports by name will use ${other}`,
      );
  }
  return told;
}
