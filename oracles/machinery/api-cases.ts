import fc from 'fast-check';
import { Field } from '@navarch/machinery';
import { scheduleError } from '../../packages/api/src/checks/cron.ts';
import { cidrErrors, formatIp, ipErrors, parseIp } from '../../packages/api/src/checks/network.ts';
import { labelSelector } from '../../packages/api/src/checks/selectors.ts';
import type { Case } from '../case.ts';

const glued = (...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(''));
const byte = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 255 }).map(String) },
  fc.constantFrom('256', '00', '01', '', 'a', '1000'),
);
const four = fc.array(byte, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.'));
const group = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 65_535 }).map((n) => n.toString(16)) },
  fc.constantFrom('0', '0', '0000', 'ffff', 'FFFF', '12345', 'g', ''),
);
const six = fc.oneof(
  fc.array(group, { minLength: 7, maxLength: 9 }).map((groups) => groups.join(':')),
  fc
    .tuple(fc.array(group, { maxLength: 5 }), fc.array(group, { maxLength: 4 }))
    .map(([a, b]) => `${a.join(':')}::${b.join(':')}`),
  glued(fc.constantFrom('::ffff:', '::', '64:ff9b::', '1:2:3:4:5:6:'), four),
);
const address = glued(
  fc.oneof(four, six),
  fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    glued(fc.constant('/'), fc.oneof(fc.nat({ max: 130 }).map(String), fc.constantFrom('', '-1', '08', 'a', '8/8'))),
  ),
);

const labelText = fc.constantFrom('a', 'a.b/c', '', 'A_1', '/x', 'x/', 'é', 'a'.repeat(64));
const selector = fc.record(
  {
    matchLabels: fc.dictionary(labelText, labelText, { maxKeys: 1 }),
    matchExpressions: fc.array(
      fc.record({
        key: labelText,
        operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', ''),
        values: fc.array(labelText, { maxLength: 2 }),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);

const part = fc.oneof(
  fc.constantFrom('*', '?', '0', '1', '7', '12', '31', '59', '60', 'mon', 'JAN', 'x', '-1', '', '01'),
  glued(fc.nat({ max: 61 }).map(String), fc.constantFrom('-', '/', '-5/', ','), fc.nat({ max: 61 }).map(String)),
  fc.constantFrom('*/5', '*/0', '1-2-3', '1/2/3', '5-1', '*-3', '1,2,3', 'mon-fri', '?/7'),
);
const schedule = fc.oneof(
  { weight: 9, arbitrary: fc.array(part, { minLength: 4, maxLength: 6 }).map((parts) => parts.join(' ')) },
  fc.constantFrom(
    '',
    '@daily',
    '@never',
    '@every 1h',
    '@every x',
    'TZ=UTC * * * * *',
    'CRON_TZ=Europe/Berlin 0 0 * * *',
    'TZ=X * * * * *',
    '  * * * * *  ',
  ),
);

/** What kinds are checked with, beside the official libraries. */
export const apiCases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  address: address.map((text): Case => ({
    request: { op: 'address', text },
    ours: () => {
      const bytes = parseIp(text);
      return { value: [ipErrors(text), bytes ? formatIp(bytes) : '', cidrErrors(text)] };
    },
  })),
  labelSelector: selector.map((target): Case => ({
    request: { op: 'labelSelector', target },
    ours: () => {
      const at = new Field('s');
      labelSelector(target as Parameters<typeof labelSelector>[0], at);
      return { value: at.errors.map(({ field, message }) => `${field}: ${message}`) };
    },
  })),
  schedule: schedule.map((text): Case => ({
    request: { op: 'schedule', text },
    ours: () => ({ value: scheduleError(text) ?? '' }),
  })),
};
