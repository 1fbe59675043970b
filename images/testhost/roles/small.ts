import { readFileSync } from 'node:fs';
import { defineRole } from '../role.ts';

/** Does nothing, until it is told to end. */
export const pause = defineRole({
  name: 'pause',
  flags: {},
  run() {
    process.stdout.write('Paused\n');
    setInterval(() => undefined, 2 ** 30); // Holds the process; nothing else does.
  },
});

/** Prints the arguments that the container was started with. */
export const entrypointTester = defineRole({
  name: 'entrypoint-tester',
  flags: {},
  run({ words }) {
    process.stdout.write(`[${[process.argv[1], 'entrypoint-tester', ...words].join(' ')}]\n`);
  },
});

export const etcHosts = defineRole({
  name: 'etc-hosts',
  flags: {},
  run() {
    process.stdout.write(readFileSync('/etc/hosts', 'utf8'));
  },
});

export const dnsSuffix = defineRole({
  name: 'dns-suffix',
  flags: {},
  run() {
    process.stdout.write(`${resolverLines('search').at(-1)?.join(',') ?? ''}\n`);
  },
});

export const dnsServerList = defineRole({
  name: 'dns-server-list',
  flags: {},
  run() {
    process.stdout.write(`${resolverLines('nameserver').flat().join(',')}\n`);
  },
});

/** The values of each line of that keyword in resolv.conf(5). */
function resolverLines(keyword: string): readonly (readonly string[])[] {
  return readFileSync('/etc/resolv.conf', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first === keyword)
    .map(([, ...values]) => values);
}
