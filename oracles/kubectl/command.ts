import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Ran {
  readonly code: number;
  /** Both of its outputs, as they came. */
  readonly output: string;
  readonly stdout: string;
}

type Environment = Readonly<Record<string, string>>;

/** One kubectl with one namespace. */
export interface Kubectl {
  readonly namespace: string;
  run(args: readonly string[], input?: string, env?: Environment): Promise<Ran>;
  /** Must succeed; gives what it wrote to its standard output. */
  ok(args: readonly string[], input?: string, env?: Environment): Promise<string>;
  /** Must fail; gives all that it wrote. */
  fails(args: readonly string[], input?: string, env?: Environment): Promise<string>;
  /** One that goes on; `until` resolves to all that it has written. */
  start(args: readonly string[]): { until(wanted: RegExp): Promise<string>; stop(): Promise<void> };
}

const PATIENCE_MS = 60_000;
/** No command of the walk takes longer than its own time-outs. */
const COMMAND_MS = 120_000;

export function kubectlAt(program: string, kubeconfig: string, namespace: string): Kubectl {
  const begin = (args: readonly string[], env: Environment = {}) =>
    spawn(program, ['--kubeconfig', kubeconfig, '--namespace', namespace, ...args], {
      stdio: 'pipe',
      env: { ...process.env, ...env },
      timeout: COMMAND_MS,
    });
  const run: Kubectl['run'] = (args, input, env) =>
    new Promise((resolve, reject) => {
      const child = begin(args, env);
      let [stdout, output] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
        output += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      child.stdin.on('error', () => undefined).end(input ?? '');
      child.on('error', reject).on('close', (code) => resolve({ code: code ?? 1, output, stdout }));
    });
  return {
    namespace,
    run,
    async ok(args, input, env) {
      const { code, output, stdout } = await run(args, input, env);
      assert.equal(code, 0, `kubectl ${args.join(' ')} ended with ${code}:\n${output}`);
      return stdout;
    },
    async fails(args, input, env) {
      const { code, output } = await run(args, input, env);
      assert.notEqual(code, 0, `kubectl ${args.join(' ')} should have failed, but wrote:\n${output}`);
      return output;
    },
    start(args) {
      const child = begin(args);
      child.stdin.end();
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString();
        });
      const ended = new Promise((resolve) => child.on('close', resolve));
      return {
        async until(wanted) {
          for (let left = PATIENCE_MS; !wanted.test(output); left -= 50) {
            assert.ok(left > 0, `kubectl ${args.join(' ')} did not write ${String(wanted)}, but:\n${output}`);
            await sleep(50);
          }
          return output;
        },
        async stop() {
          child.kill();
          await ended;
        },
      };
    },
  };
}
