import fc from 'fast-check';
import type { Asked } from './ask.ts';

const ZONE = 'cluster.local';
/** A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, DS, HTTPS, ANY, and one that nobody knows. */
const TYPES = [1, 1, 1, 28, 28, 33, 33, 12, 2, 5, 6, 15, 16, 43, 65, 255, 65_280] as const;
const FIXED = [
  ZONE,
  `svc.${ZONE}`,
  `pod.${ZONE}`,
  `dns-version.${ZONE}`,
  `ns.dns.${ZONE}`,
  `nothing.${ZONE}`,
  `nowhere.svc.${ZONE}`,
  `web.nowhere.svc.${ZONE}`,
  `a.b.c.d.e.f.${ZONE}`,
  'in-addr.arpa',
  'ip6.arpa',
  '10.in-addr.arpa',
  '9.9.9.9.in-addr.arpa',
  'a.example.test',
  'alias.example.test',
  'long.example.test',
  'none.example.test',
  'host.test',
  'other.test',
  'short.test',
  'svc-0.old.test',
  'svc-1.re.test',
  '7.templated.test',
  'x.templated.test',
  'none.templated.test',
  '50.2.0.192.in-addr.arpa',
];

/** Addresses as they are asked for; other names in the zone. */
const asName = (name: string): string => {
  if (/^\d+(?:\.\d+){3}$/.test(name)) return `${name.split('.').toReversed().join('.')}.in-addr.arpa`;
  if (/^fd00::[\da-f]+$/.test(name)) {
    const digits = `fd00${name.slice(6).padStart(28, '0')}`;
    return `${digits.split('').toReversed().join('.')}.ip6.arpa`;
  }
  return `${name}.${ZONE}`;
};

/** Questions about these names and some that are always there, in any case, over either transport, rightly and wrongly put. */
export const questions = (names: readonly string[]): fc.Arbitrary<Asked> =>
  fc
    .record({
      name: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names.map(asName)) }, fc.constantFrom(...FIXED)),
      capitals: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0x7fffffff })),
      type: fc.constantFrom(...TYPES),
      class: fc.oneof({ weight: 30, arbitrary: fc.constant(1) }, fc.constantFrom(3, 255)),
      opcode: fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, fc.constantFrom(2, 4)),
      isTcp: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
      edns: fc.oneof(
        fc.constant(undefined),
        fc.record({
          bytes: fc.constantFrom(0, 512, 1232, 4096),
          version: fc.oneof({ weight: 10, arbitrary: fc.constant(0) }, fc.constant(1)),
          signatures: fc.boolean(),
        }),
      ),
    })
    .map(({ name, capitals, ...rest }) => ({ ...rest, name: written(name, capitals) }));

/** Each letter large or small, by the bits of a number. */
const written = (name: string, capitals: number): string =>
  name
    .split('')
    .map((letter, i) => ((capitals >> (i % 31)) & 1 ? letter.toUpperCase() : letter))
    .join('');
