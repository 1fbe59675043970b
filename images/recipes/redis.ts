import { directory } from '../oci/entry.ts';
import { defineRecipe } from '../recipe.ts';
import { base, installOnly } from './base.ts';

/** A database for examples: keeps what it is told in /data, and appends it to a file before it answers. */
export const redis = defineRecipe({
  name: 'redis',
  tags: ['7.0', 'latest'],
  config: {
    Cmd: ['redis-server', '--dir', '/data', '--appendonly', 'yes', '--appendfsync', 'always', '--protected-mode', 'no'],
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ExposedPorts: { '6379/tcp': {} },
  },
  layers: [
    base,
    {
      packages: ['redis-server'],
      without: [...installOnly, 'adduser', 'passwd', 'lsb-base', 'sysvinit-utils', 'init-system-helpers'],
      version: '1',
      files: () => [directory('data')],
    },
  ],
});
