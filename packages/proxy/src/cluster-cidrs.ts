import { type IpFamily, ipFamilyOf } from '@navarch/api';

/** One range of pods per family, from `10.244.0.0/16` or `10.244.0.0/16,fd00:10:244::/48`. */
export const clusterCidrsOf = (text: string): Readonly<Partial<Record<IpFamily, string>>> =>
  Object.fromEntries(
    text
      .split(',')
      .filter((range) => range !== '')
      .map((range) => [ipFamilyOf(range), range]),
  );
