import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { durationMs } from '../flags.ts';
import { defineRole, RoleError } from '../role.ts';

const methods = ['GET', 'POST', 'PUT'] as const;
const namespaces = ['kube-system', 'default', 'ns'] as const;

/** Writes a number of numbered lines, evenly over a time: for tests of logs. */
export const logsGenerator = defineRole({
  name: 'logs-generator',
  flags: { 'log-lines-total': '0', t: '0', 'run-duration': '0', d: '0' },
  async run({ flags }) {
    const total = flags.number('log-lines-total') || flags.number('t');
    const spanMs = [flags.text('run-duration'), flags.text('d')]
      .map(durationMs)
      .find((ms) => ms !== undefined && ms > 0);
    if (total <= 0) throw new RoleError('Invalid total number of lines: must be positive');
    if (spanMs === undefined) throw new RoleError('Invalid duration: must be positive');
    const started = performance.now();
    for (let id = 0; id < total; id += 1) {
      process.stdout.write(
        `${new Date().toISOString().replace(/\.\d+Z$/, 'Z')} ${id} ${pick(methods)} /api/v1/namespaces/${pick(namespaces)}` +
          `/endpoints/${randomInt(2 ** 32).toString(36)} ${randomInt(200, 600)}\n`,
      );
      await sleep(Math.max(0, started + ((id + 1) * spanMs) / total - performance.now()));
    }
  },
});

function pick<T>(values: readonly T[]): T | undefined {
  return values[randomInt(values.length)];
}
