/** Where something of this machine appears in a node, or in a part of it. */
interface Shown {
  readonly hostPath: string;
  readonly containerPath: string;
}

/** The path on this machine of what is called so inside; the same where nothing is mounted there. The deepest mount counts. */
export function onHost(path: string, mounts: readonly Shown[]): string {
  const found = mountOf(path, mounts);
  return found === undefined ? path : `${found.hostPath}${path.slice(found.containerPath.length)}`;
}

/** The mount that a path lies in. */
export const mountOf = <M extends Shown>(path: string, mounts: readonly M[]): M | undefined =>
  mounts
    .filter(({ containerPath }) => path === containerPath || path.startsWith(`${containerPath.replace(/\/$/, '')}/`))
    .toSorted((a, b) => b.containerPath.length - a.containerPath.length)[0];
