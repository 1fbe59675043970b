import type { Container } from '@navarch/api';
import type { Draft } from '@navarch/machinery';

/** Images that tests start pods of. All are on the nodes already; their tags are fixed, so nothing is pulled. */
export const TESTHOST = 'navarch-testhost:1.0';
export const BUSYBOX = 'busybox:1.35';
export const NGINX = 'nginx:1.28';
export const PAUSE = 'pause:3.10';

/** A container of navarch-testhost in one of its roles (images/testhost/roles), `pause` when none is named. */
export const testhost = (...args: readonly string[]): Draft<Container> & { readonly name: string } => ({
  name: 'main',
  image: TESTHOST,
  ...(args.length > 0 ? { args: [...args] } : {}),
});
