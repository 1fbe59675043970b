import type { Subresource, SubresourceContext } from './subresource.ts';

const FLAGS = ['stdin', 'stdout', 'stderr', 'tty'] as const;

/**
 * Lets admission see a connection before it is made: who may open a shell is a question for webhooks too. What is shown
 * is the options of the query as an object of their kind (PodExecOptions and the like).
 */
export async function admitConnection(
  { options }: Subresource,
  { registry, info, query, call }: SubresourceContext,
): Promise<void> {
  if (options === undefined) return;
  const resource = registry.find(info.group ? `${info.group}/${info.version}` : info.version, info.resource);
  const [command, ports] = [
    query.getAll('command'),
    query
      .getAll('ports')
      .flatMap((text) => text.split(','))
      .map(Number),
  ];
  const shown = {
    kind: options,
    apiVersion: 'v1',
    ...Object.fromEntries(
      FLAGS.filter((flag) => ['true', '1'].includes(query.get(flag) ?? '')).map((flag) => [flag, true]),
    ),
    ...(query.get('container') ? { container: query.get('container') } : {}),
    ...(command.length > 0 ? { command } : {}),
    ...(ports.length > 0 ? { ports } : {}),
    ...(options.endsWith('ProxyOptions') ? { path: `/${info.rest}` } : {}),
  };
  await resource?.admitOther('CONNECT', info, shown, call);
}
