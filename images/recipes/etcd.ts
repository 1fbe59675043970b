import { directory } from '../oci/entry.ts';
import { defineRecipe } from '../recipe.ts';
import { base, installOnly } from './base.ts';

/** The store that extension API servers keep their objects in. */
export const etcd = defineRecipe({
  name: 'etcd',
  tags: ['3.4', 'latest'],
  config: {
    Cmd: ['/usr/bin/etcd', '--data-dir', '/var/lib/etcd'],
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  },
  layers: [
    base,
    {
      packages: ['etcd-server'],
      without: [...installOnly, 'adduser', 'passwd', 'lsb-base', 'sysvinit-utils', 'init-system-helpers'],
      version: '1',
      files: () => [directory('var/lib/etcd', 0o700)],
    },
  ],
});
