import type { Recipe } from '../recipe.ts';

/** Every image that can be built, by name. Loaded when asked for: the helper's recipe bundles a program. */
export const recipes: Readonly<Record<string, () => Promise<Recipe>>> = {
  pause: async () => (await import('./pause.ts')).pause,
  busybox: async () => (await import('./busybox.ts')).busybox,
  nginx: async () => (await import('./nginx.ts')).nginx,
  redis: async () => (await import('./redis.ts')).redis,
  'navarch-testhost': async () => (await import('./navarch-testhost.ts')).navarchTesthost,
  etcd: async () => (await import('./etcd.ts')).etcd,
  'sample-apiserver': async () => (await import('./sample-apiserver.ts')).sampleApiserver,
  'echo-basic': async () => (await import('./echo-basic.ts')).echoBasic,
};
