import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Table } from './table.ts';

const made = (): Table =>
  new Table('t', new Map([['verdicts', 'type ipv4_addr : verdict']]), [
    { name: 'forward', hook: '{ type filter hook forward priority filter ; }', rules: ['ip saddr vmap @verdicts'] },
  ]);
const linesOf = (table: Table): readonly string[] =>
  table
    .take()
    .split('\n')
    .filter((line) => line !== '');

test('Table.take() makes everything at first, and after it was said that nothing is known', () => {
  const table = made();
  table.setChain('closed', ['drop']);
  table.put('verdicts', '10.0.0.1', 'goto closed');
  const whole = linesOf(table);
  assert.deepEqual(whole.slice(0, 3), ['add table inet t', 'delete table inet t', 'add table inet t']);
  assert.ok(
    whole.indexOf('add chain inet t closed') < whole.indexOf('add element inet t verdicts { 10.0.0.1 : goto closed }'),
  );
  assert.deepEqual(linesOf(table), []);
  table.forget();
  assert.deepEqual(linesOf(table), whole);
});

test('Table.take() says only what changed, each thing made before it is named and unnamed before it goes', () => {
  const table = made();
  table.setChain('closed', ['drop']);
  table.put('verdicts', '10.0.0.1', 'goto closed');
  table.put('verdicts', '10.0.0.2', 'goto closed');
  table.take();
  table.addSet('some', 'type ipv4_addr');
  table.put('some', '10.0.0.9');
  table.setChain('open', ['ip saddr @some accept', 'drop']);
  table.put('verdicts', '10.0.0.1', 'goto open');
  table.drop('verdicts', '10.0.0.2');
  table.removeChain('closed');
  assert.deepEqual(linesOf(table), [
    'add set inet t some { type ipv4_addr ; }',
    'add chain inet t open',
    'flush chain inet t open',
    'add rule inet t open ip saddr @some accept',
    'add rule inet t open drop',
    'add element inet t some { 10.0.0.9 }',
    'delete element inet t verdicts { 10.0.0.1, 10.0.0.2 }',
    'add element inet t verdicts { 10.0.0.1 : goto open }',
    'flush chain inet t closed',
    'delete chain inet t closed',
  ]);
});

test('Table.take() says nothing of what went and came again, and knows what a set had before it went', () => {
  const table = made();
  table.addSet('some', 'type ipv4_addr');
  table.put('some', '10.0.0.1');
  table.setChain('open', ['accept']);
  table.take();
  table.drop('some', '10.0.0.1');
  table.put('some', '10.0.0.1');
  table.removeChain('open');
  table.setChain('open', ['accept']);
  assert.deepEqual(linesOf(table), []);
  // Of this one the kernel never hears.
  table.put('some', '10.0.0.2');
  table.drop('some', '10.0.0.1');
  table.removeSet('some');
  table.addSet('some', 'type ipv4_addr');
  table.put('some', '10.0.0.3');
  assert.deepEqual(linesOf(table), ['delete element inet t some { 10.0.0.1 }', 'add element inet t some { 10.0.0.3 }']);
});
