import fc from 'fast-check';
import {
  canonicalQuantity,
  cIdentifierErrors,
  configKeyErrors,
  envNameErrors,
  headerNameErrors,
  percentErrors,
  portNameErrors,
  wildcardSubdomainErrors,
  dns1035LabelErrors,
  dnsLabelErrors,
  dnsSubdomainErrors,
  formatDuration,
  formatSelector,
  labelValueErrors,
  parseDuration,
  parseFieldSelector,
  parseLabelSelector,
  parseQuantity,
  qualifiedNameErrors,
  quantityMilliValue,
  quantityValue,
} from '@navarch/machinery';
import { attempt, type Case, errorsAlike } from '../case.ts';

const glued = (...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.join(''));
const digits = fc.oneof(
  fc.nat({ max: 20 }).map(String),
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 21n }).map(String),
  fc.constantFrom('000', '1000', '1024', '0'),
);
const quantityText = fc.oneof(
  {
    weight: 8,
    arbitrary: glued(
      fc.constantFrom('', '', '', '-'),
      digits,
      fc.oneof(fc.constant(''), glued(fc.constant('.'), digits)),
      fc.constantFrom(
        '',
        'n',
        'u',
        'm',
        'k',
        'M',
        'G',
        'T',
        'P',
        'E',
        'Ki',
        'Mi',
        'Gi',
        'Ti',
        'Pi',
        'Ei',
        'e3',
        'e6',
        'e-3',
        'e0',
        'e-9',
        'e2',
      ),
    ),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^[-+.0-9eEinumkKMGTP ]{0,8}$/) },
);

const word = fc.constantFrom('a', 'b', 'x', 'y', 'in', 'notin', 'a.b/c', '1', '2', '', 'A_', 'ä');
const selectorText = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(
        fc.oneof(
          glued(word, fc.constantFrom('=', '==', '!=', '>', '<', ' = ', '=!'), word),
          glued(
            word,
            fc.constantFrom(' in ', ' notin ', ' in', 'in'),
            fc.constantFrom('(a,b)', '( b , a )', '()', '(a', 'a)', '(,)', '(a,,b)', '(a)'),
          ),
          glued(fc.constantFrom('', '!', '! ', '!!'), word),
        ),
        { maxLength: 3 },
      )
      .map((terms) => terms.join(',')),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^[ab=!(),<> in]{0,10}$/) },
);
const fieldText = fc.oneof(
  fc
    .array(
      glued(
        word.map((text) => text || 'e'),
        fc.constantFrom('=', '==', '!=', '\\=', '='),
        fc.constantFrom('a', 'b\\,c', 'd\\=e', 'f\\\\', 'g=', '', '\\x'),
      ),
      { maxLength: 3 },
    )
    .map((t) => t.join(',')),
  fc.stringMatching(/^[ab=!,\\]{0,8}$/),
);
const nameText = fc.oneof(
  fc.stringMatching(/^[-a-cA-B0-1._/%* ]{0,8}$/),
  fc.constantFrom(
    'a'.repeat(63),
    'a'.repeat(64),
    `${'a'.repeat(253)}`,
    `${'a.'.repeat(127)}`,
    'example.com/Name',
    '/x',
    'x/',
    'a/b/c',
    '..',
    'ä'.repeat(40),
  ),
);
const durationText = fc.oneof(
  fc
    .array(
      glued(
        fc.oneof(fc.nat({ max: 5000 }).map(String), fc.constantFrom('1.5', '.5', '1.', '0')),
        fc.constantFrom('ns', 'us', 'ms', 's', 'm', 'h', ''),
      ),
      { maxLength: 4 },
    )
    .map((t) => t.join('')),
);

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function fail(message: string): never {
  throw new Error(message);
}

/** Errors are compared by their presence only where our callers give them other words. */
export const textCases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  quantity: quantityText.map((text): Case => ({
    request: { op: 'quantity', text },
    ours: () =>
      attempt(() => {
        if (!parseQuantity(text)) fail('');
        return comparable([
          canonicalQuantity(text) ?? '',
          String(quantityValue(text)),
          String(quantityMilliValue(text)),
        ]);
      }),
    theirs: (answer) => ('error' in answer ? { error: '' } : { value: comparable(answer.value as readonly string[]) }),
  })),
  selector: fc
    .tuple(
      selectorText,
      fc.dictionary(fc.constantFrom('a', 'b', 'x', 'in'), fc.constantFrom('a', 'b', '1', '3', '', 'in')),
    )
    .map(([text, labels]): Case => ({
      request: { op: 'selector', text, labels },
      ours: () =>
        attempt(() => {
          const selector = parseLabelSelector(text);
          return [formatSelector(selector), selector.matches(labels)];
        }),
    })),
  fieldSelector: fieldText.map((text): Case => ({
    request: { op: 'fieldSelector', text },
    ours: () =>
      attempt(() =>
        parseFieldSelector(text)
          .map(({ field, isEqual, value }) => [field, isEqual ? '=' : '!=', value])
          .sort(byText),
      ),
    theirs: (answer) =>
      'error' in answer ? answer : { value: [...(answer.value as readonly unknown[])].sort(byText) },
  })),
  names: nameText.map((text): Case => ({
    request: { op: 'names', text },
    ours: () =>
      attempt(() => ({
        label: dnsLabelErrors(text),
        subdomain: dnsSubdomainErrors(text),
        label1035: dns1035LabelErrors(text),
        qualified: qualifiedNameErrors(text),
        value: labelValueErrors(text),
        port: portNameErrors(text),
        env: envNameErrors(text),
        config: configKeyErrors(text),
        c: cIdentifierErrors(text),
        wildcard: wildcardSubdomainErrors(text),
        percent: percentErrors(text),
        header: headerNameErrors(text),
      })),
  })),
  duration: durationText.map((text): Case => ({
    request: { op: 'duration', text },
    ours: () => attempt(() => formatDuration(parseDuration(text) ?? fail(''))),
    theirs: errorsAlike,
  })),
};

/** Numbers beyond what 64 bits (there) and a double (here) hold exactly are compared as texts only. */
function comparable([text = '', value = '', milli = '']: readonly string[]): readonly string[] {
  // Of negative numbers only the text counts: upstream rounds them in two ways.
  const size = text.startsWith('-') ? Infinity : quantityValue(text);
  return [text, ...(size < 2 ** 53 ? [value] : []), ...(size < 2 ** 53 / 1000 ? [milli] : [])];
}
