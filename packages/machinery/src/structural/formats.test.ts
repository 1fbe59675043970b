import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formats } from './formats.ts';

test('formats take what follows its rule, check digits included, and nothing else', () => {
  const cases: Readonly<Record<string, readonly [good: readonly string[], bad: readonly string[]]>> = {
    isbn: [
      ['0-306-40615-2', '978-0-306-40615-7', '080442957X'],
      ['0-306-40615-3', '978-0-306-40615-8', '123'],
    ],
    isbn10: [['0306406152'], ['9780306406157']],
    isbn13: [['9780306406157'], ['0306406152']],
    creditcard: [
      ['4111 1111 1111 1111', '5500-0000-0000-0004', '340000000000009'],
      ['4111 1111 1111 1112', '1234', ''],
    ],
    password: [['', 'anything'], []],
    ssn: [['123-45-6789'], ['12-345']],
    uuid4: [['f47ac10b-58cc-4372-a567-0e02b2c3d479'], ['f47ac10b-58cc-1372-a567-0e02b2c3d479']],
  };
  for (const [name, [good, bad]] of Object.entries(cases)) {
    for (const text of good) assert.equal(formats[name]?.(text), true, `${name} ${text}`);
    for (const text of bad) assert.equal(formats[name]?.(text), false, `${name} ${text}`);
  }
});
