import type { Service } from '@navarch/api';

/** The variables by which containers found services before there was cluster DNS. */
export function serviceVariables(services: readonly Service[]): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  for (const { metadata, spec } of services) {
    const { clusterIP, ports = [] } = spec;
    const [first] = ports;
    if (!clusterIP || clusterIP === 'None' || !first) continue;
    const prefix = variableName(metadata.name);
    result.set(`${prefix}_SERVICE_HOST`, clusterIP);
    result.set(`${prefix}_SERVICE_PORT`, String(first.port));
    for (const { name, port } of ports)
      if (name) result.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port));
    const url = (protocol: string, port: number): string =>
      `${protocol.toLowerCase()}://${clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP}:${port}`;
    result.set(`${prefix}_PORT`, url(first.protocol ?? 'TCP', first.port));
    for (const { port, protocol = 'TCP' } of ports) {
      const name = `${prefix}_PORT_${port}_${protocol}`;
      result.set(name, url(protocol, port));
      result.set(`${name}_PROTO`, protocol.toLowerCase());
      result.set(`${name}_PORT`, String(port));
      result.set(`${name}_ADDR`, clusterIP);
    }
  }
  return result;
}

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_');
