import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, Notifier, TaskGroup } from '@navarch/base';
import type { ShutdownNotice } from '@navarch/kubelet';
import { runCommand } from './command.ts';
import { findProgram } from './find-program.ts';

export interface LogindOptions {
  /** How long pods may take to end. */
  readonly delaySeconds: number;
  readonly log: Logger;
  /** Where logind reads what it is to do differently. */
  readonly confDir?: string;
}

const MANAGER = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'] as const;
const MATCH = "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForShutdown'";
const CONF_DIR = '/etc/systemd/logind.conf.d';

/** Whether someone tells of shutdowns here: systemd's logind, by the programs that come with it. */
export const hasLogind = (): boolean =>
  existsSync('/run/systemd/system') &&
  findProgram('busctl') !== undefined &&
  findProgram('systemd-inhibit') !== undefined;

/**
 * What systemd's logind tells of shutdowns. A delay lock has it wait; while nobody listens there is none, so an agent
 * that is away holds nothing up.
 */
export function logindShutdown({ delaySeconds, log, confDir = CONF_DIR }: LogindOptions): ShutdownNotice {
  let letGo = (): void => undefined;
  return {
    async *changes(signal) {
      await allowDelay(delaySeconds, confDir, signal);
      await using group = new TaskGroup(signal);
      const said: boolean[] = [];
      const moved = new Notifier();
      const hold = (): void => {
        letGo();
        const lock = new AbortController();
        letGo = () => lock.abort(new Error('The machine need not wait any longer'));
        group.spawn(async (s) => {
          const held = AbortSignal.any([s, lock.signal]);
          await inhibit(held).catch((error: unknown) => {
            if (!held.aborted) log.warn('the machine will not wait for its pods when it goes down', { error });
          });
        });
      };
      hold();
      let isOver = false;
      group.spawn(async (s) => {
        try {
          await monitor((isComing) => {
            said.push(isComing);
            moved.notify();
          }, s);
        } finally {
          isOver = true;
          moved.notify();
        }
      });
      while (!isOver || said.length > 0) {
        const next = said.shift();
        if (next === false) hold();
        if (next === undefined) await moved.wait(group.signal);
        else yield next;
      }
    },
    async release() {
      letGo();
    },
  };
}

/** Holds the lock for as long as the program runs. */
const inhibit = (signal: AbortSignal): Promise<unknown> =>
  runCommand(
    [
      'systemd-inhibit',
      '--what=shutdown',
      '--mode=delay',
      '--who=kubelet',
      '--why=Kubelet needs time to handle node shutdown',
      'sleep',
      'infinity',
    ],
    {},
    signal,
  );

/** Resolves when the bus ends it. */
const monitor = (heard: (isComing: boolean) => void, signal: AbortSignal): Promise<unknown> =>
  runCommand(
    ['busctl', 'monitor', '--json=short', `--match=${MATCH}`],
    {
      onLine(line) {
        const isComing = prepareForShutdown(line);
        if (isComing !== undefined) heard(isComing);
      },
    },
    signal,
  );

/** What one message of the bus says of it; undefined when it is about something else. */
export function prepareForShutdown(line: string): boolean | undefined {
  if (!line.startsWith('{')) return undefined;
  const { member, payload } = JSON.parse(line) as {
    readonly member?: string;
    readonly payload?: { readonly data?: readonly unknown[] };
  };
  const isComing = payload?.data?.[0];
  return member === 'PrepareForShutdown' && typeof isComing === 'boolean' ? isComing : undefined;
}

/** logind lets nobody delay a shutdown for longer than its own setting: it is raised where that is too little. */
async function allowDelay(seconds: number, confDir: string, signal: AbortSignal): Promise<void> {
  const { stdout } = await runCommand(['busctl', 'get-property', ...MANAGER, 'InhibitDelayMaxUSec'], {}, signal);
  const allowed = Number(/^t (\d+)/.exec(stdout)?.[1] ?? 0) / 1e6;
  if (allowed >= seconds) return;
  mkdirSync(confDir, { recursive: true });
  writeFileSync(
    join(confDir, '99-kubelet.conf'),
    `# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=${seconds}\n`,
  );
  await runCommand(['systemctl', 'kill', '--signal=HUP', 'systemd-logind.service'], {}, signal);
}
