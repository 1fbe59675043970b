import { Option } from 'commander';
import { clustersHere } from './layout.ts';

/** What a cluster is called that nobody gave a name. */
export const USUAL_NAME = 'navarch';

/** Which cluster is meant where a command names none: that of NAVARCH_CLUSTER, the only one on this machine, or `navarch`. */
export function usualCluster(): string {
  const said = process.env['NAVARCH_CLUSTER'];
  if (said) return said;
  const [only, ...others] = clustersHere();
  return only !== undefined && others.length === 0 ? only : USUAL_NAME;
}

/** The option of commands that are about a cluster which is there. */
export const clusterOption = (what = 'name of the cluster'): Option =>
  new Option('--name <cluster>', what).default(usualCluster());
