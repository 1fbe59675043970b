import { protobuf, protobufEncoder, schemas, typeFacts } from '@navarch/api';
import { parseQuantity } from '@navarch/machinery';
import { comparisonsOf, type Known } from '../case.ts';
import { compared } from '../compare.ts';
import { built } from '../go.ts';
import type { Oracle } from '../oracle.ts';
import { apiCases } from './api-cases.ts';
import { applyCases } from './apply-cases.ts';
import { cronCases, cronKnown } from './cron-cases.ts';
import { differenceCases } from './difference-cases.ts';
import { pathCases } from './path-cases.ts';
import { patchCases } from './patch-cases.ts';
import { protobufCases } from './protobuf-cases.ts';
import { cborCases, cborKnown } from './cbor-cases.ts';
import { textCases } from './text-cases.ts';
import { yamlCases, yamlKnown } from './yaml-cases.ts';

const NANOS_EXACT_MAX = 2 ** 52;

const known: Readonly<Record<string, readonly Known[]>> = {
  quantity: [
    {
      why: 'amounts of 10^21 and more lose their suffix there, or have exponents beyond those of suffixes',
      is: (request) => magnitude((request as { readonly text: string }).text) >= 10n ** 30n,
    },
  ],
  duration: [
    {
      why: 'nanoseconds of more than 52 days: ours are milliseconds in a double',
      is: (_request, theirs) => 'value' in theirs && hoursOf(String(theirs.value)) * 3.6e12 > NANOS_EXACT_MAX,
    },
  ],
};

function magnitude(text: string): bigint {
  const nano = parseQuantity(text)?.nano ?? 0n;
  return nano < 0n ? -nano : nano;
}

const hoursOf = (duration: string): number => Number(/^-?(\d+)h/.exec(duration)?.[1] ?? 0);

/** The pure parts of @navarch/machinery beside k8s.io/apimachinery and what it is made of. */
export const machineryOracle: Oracle = {
  name: 'machinery',
  isNamedWithin: true,
  async run(context) {
    const comparisons = comparisonsOf(
      {
        ...textCases,
        ...cborCases,
        ...yamlCases,
        ...pathCases,
        ...apiCases,
        ...cronCases,
        ...differenceCases,
        ...patchCases(schemas),
        ...applyCases(schemas),
        ...protobufCases({ schemas, facts: typeFacts, encoder: protobufEncoder, decoder: protobuf }),
      },
      { ...known, ...yamlKnown, ...cborKnown, ...cronKnown },
    );
    return compared(await built('machinery'), comparisons, context);
  },
};
