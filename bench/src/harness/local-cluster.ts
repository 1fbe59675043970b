import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAccess, type Access } from '@navarch/node/client';
import { findContainerd } from '@navarch/node/containerd';
import type { Context } from './benchmark.ts';
import { ROOT } from './machine.ts';

const BRIDGE = 'navarch0';

/** A whole cluster by `navarch up`, in a folder of its own: the user's cluster and kubeconfig are not touched. */
export class LocalCluster implements AsyncDisposable {
  readonly #context: Context;
  readonly #home: string;
  #isUp = false;

  constructor(context: Context) {
    // Both would have the same bridge and packet rules, and `down` of one would take them from the other.
    if (existsSync(`/sys/class/net/${BRIDGE}`))
      throw new Error('A cluster runs on this machine: stop it first with `navarch down`');
    if (process.platform !== 'linux' || process.getuid?.() !== 0)
      throw new Error('This benchmark runs containers: it needs root on Linux');
    this.#context = context;
    this.#home = join(context.dir, 'home');
  }

  /** Resolves when cluster DNS has answered in a pod. */
  async up(...flags: readonly string[]): Promise<void> {
    this.#isUp = true;
    await this.#navarch('up', '--runtime', 'containerd', ...flags);
  }

  /** Resolves when all nodes are ready. */
  async addNodes(count: number): Promise<void> {
    await this.#navarch('node', 'add', '--count', String(count));
  }

  async down(): Promise<void> {
    await this.#navarch('down');
    this.#isUp = false;
  }

  get access(): Access {
    return loadAccess(join(this.#home, 'navarch/admin.kubeconfig'));
  }

  /** Where the node keeps what belongs to pods. */
  get kubeletDir(): string {
    return join(this.#home, 'navarch/kubelet');
  }

  /** The control group of the node, which `down` removes with everything in it. */
  get cgroupRoot(): string {
    return (JSON.parse(readFileSync(join(this.#home, 'navarch/node.json'), 'utf8')) as { cgroupRoot: string })
      .cgroupRoot;
  }

  pidOf(daemon: 'server' | 'agent'): number {
    return (JSON.parse(readFileSync(join(this.#home, 'navarch/run', `${daemon}.json`), 'utf8')) as { pid: number }).pid;
  }

  get containerd(): { readonly socketPath: string; readonly pid: number } {
    const found = findContainerd(join(this.#home, 'navarch/containerd'));
    if (!found) throw new Error('The cluster has no containerd');
    return { socketPath: found.socketPath, pid: found.process.pid };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isUp) return;
    // Runs to its end also when the benchmark was interrupted.
    await this.#navarchUntil(AbortSignal.timeout(60_000), 'down');
  }

  #navarch(...args: readonly string[]): Promise<void> {
    return this.#navarchUntil(this.#context.signal, ...args);
  }

  async #navarchUntil(signal: AbortSignal, ...args: readonly string[]): Promise<void> {
    const env = {
      NAVARCH_HOME: this.#home,
      KUBECONFIG: join(this.#home, 'kubeconfig'),
      NAVARCH_IMAGES: process.env['NAVARCH_IMAGES'] ?? join(tmpdir(), 'navarch-images'),
    };
    await this.#context.processes.run(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(ROOT, 'apps/navarch/src/main.ts'), ...args],
      { env },
      signal,
    );
  }
}
