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
      ['4111 1111 1111 1112', '1234', '', '2223000048400011', '6240008631401148'],
    ],
    password: [['', 'anything'], []],
    ssn: [
      ['123-45-6789', '123 45-6789'],
      ['12-345', '123456789'],
    ],
    byte: [
      ['YQ==', 'YWI=', 'YWJj'],
      ['', '==', 'YQ'],
    ],
    datetime: [
      ['2020-02-29T10:20:30Z', '2020-01-02t23:59:59.123+99:99', '2020-01-02T10:20:30x5zT9'],
      ['2020-01-02T10:20:60Z', '2020-01-02T10:20:30', '2021-02-29T10:20:30Z'],
    ],
    duration: [
      ['1h30m', '-1.5h', '.5s', '0', '5 seconds', '3WK', '1.5 days', 'about 2 hours'],
      ['1 fortnight', '99999999999999999999s', '5', '', '1'.repeat(300_000)],
    ],
    ipv4: [
      ['1.2.3.4', '01.2.3.004', '::ffff:1.2.3.4'],
      ['256.1.1.1', '1.2.3', '::1'],
    ],
    ipv6: [
      ['::', '1::2', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4'],
      ['fe80::1%eth0', '::01.2.3.4', '1:2:3:4:5:6:7::8', '00001::', '1.2.3.4::'],
    ],
    cidr: [
      ['10.0.0.0/8', '010.0.0.0/08', '::/0', '00001::/64'],
      ['10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/8/8', '10.0.0.0/'],
    ],
    mac: [
      ['01:23:45:67:89:ab', '01-23-45-67-89-ab-cd-ef', '0123.4567.89ab', `00${':00'.repeat(19)}`, '0123456789ab'],
      ['01:23:45:67:89:ab:cd', '01:23:45-67:89:ab', '0123.4567', '01:23:45:67:89:ag'],
    ],
    uri: [
      ['http://a.b/c?d=e', '/a b', 'urn:a', 'x://a:1:2/', 'x://a<b/', 'http://[fe80::1%25eth0]:80/', '*'],
      [
        'a b',
        'http://a b/',
        'http://[x]/',
        'http://[1.2.3.4]/',
        'http://a[::1]/',
        'http://a:1:2/',
        'http://a#b/',
        'http://h%41/',
        'x',
        '',
      ],
    ],
    email: [
      ['a@b', 'Name <a@b>', '"q s"@b', 'a@[1.2.3.4]', 'g: a@b;', 'A. B. (x) <a@b>', 'a@b (c (d))', 'ü@é'],
      [
        'a',
        'a..b@c',
        '.a@b',
        '""@a',
        'a@b c',
        'a @b',
        'g: a@b, c@d;',
        'g:;',
        'a@[x]',
        '<a@b',
        'a@b (c',
        '(c) a@b',
        '(c) A <a@b>',
      ],
    ],
    hostname: [
      ['a', 'a-b', 'ex-ample.com', 'ä.de', '😀.com'],
      ['my-host', '-a.com', 'a_b.com', '1.2.3.4', 'a.com.', 'a.b', `${'a'.repeat(64)}.com`, 'ab.'.repeat(85) + 'com'],
    ],
    rgbcolor: [['rgb( 255 ,0, 19 )'], ['rgb(01,2,3)', 'rgb(256,2,3)']],
    uuid4: [['f47ac10b-58cc-4372-a567-0e02b2c3d479'], ['f47ac10b-58cc-1372-a567-0e02b2c3d479']],
  };
  for (const [name, [good, bad]] of Object.entries(cases)) {
    for (const text of good) assert.equal(formats[name]?.(text), true, `${name} ${text}`);
    for (const text of bad) assert.equal(formats[name]?.(text), false, `${name} ${text}`);
  }
});
