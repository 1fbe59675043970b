import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientNumbers } from './client-numbers.ts';

const NUMBERS = 65_535;

test('ClientNumbers.of() gives a port and its endpoints numbers for as long as they are asked for', () => {
  const numbers = new ClientNumbers();
  const told = (service: string, ...ends: readonly string[]): unknown =>
    numbers.of(service, (numberEnds) => [...(numberEnds('80', ends)?.values() ?? [])]);
  assert.deepEqual(told('web', 'a', 'b', 'a'), ['1:1', '1:2']);
  assert.deepEqual(told('other', 'a'), ['2:1']);
  assert.deepEqual(told('web', 'b', 'c'), ['1:2', '1:3']);
  assert.deepEqual(told('web', 'a', 'b', 'c'), ['1:4', '1:2', '1:3'], 'what comes again is new');
  numbers.of('web', () => undefined);
  assert.deepEqual(told('web', 'a'), ['3:1']);
});

test('ClientNumbers.of() leaves endpoints and ports without numbers where there are too many, until some go', () => {
  const numbers = new ClientNumbers();
  const ends = Array.from({ length: NUMBERS }, (_, i) => `end ${i}`);
  const told = (of: readonly string[], ports: readonly string[] = ['80']): readonly (readonly string[] | undefined)[] =>
    numbers.of('web', (numberEnds) => ports.map((port) => [...(numberEnds(port, of)?.values() ?? ['none'])].slice(-1)));
  assert.deepEqual(told(ends), [['1:ffff']]);
  assert.deepEqual(told([...ends, 'more']), [['none']]);
  assert.deepEqual(told([...ends.slice(1), 'more']), [['1:1']]);
  const ports = Array.from({ length: NUMBERS + 1 }, (_, i) => `${i}`);
  assert.deepEqual(told(['a'], ports).slice(-2), [['ffff:1'], ['none']]);
  assert.deepEqual(told(['a'], ['new']), [['none']], 'ports that go give theirs back after those that come took some');
  assert.deepEqual(told(['a'], ['new']), [['1:1']]);
});
