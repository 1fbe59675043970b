import type { Clock } from '@navarch/base';
import type { Api, HttpTransport } from '@navarch/client';
import type { Access } from '@navarch/node/client';

/** What a test may use. Everything it makes lives in its namespace or is removed by `cleanup`. */
export interface TestContext {
  readonly api: Api;
  /** Made for this test, with its default ServiceAccount and kube-root-ca.crt; deleted afterwards. */
  readonly namespace: string;
  /** For what the client port does not say: raw requests (requests.ts) and web sockets (sockets.ts). */
  readonly transport: HttpTransport;
  readonly access: Access;
  /** The file that kubectl is given, for commands that go on while the test does. */
  readonly kubeconfig: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Unlike at every run: for names and labels that must not collide. */
  readonly unique: string;
  /** Runs the real kubectl with this cluster's kubeconfig; rejects with what it wrote when it fails. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** What is not in the namespace must go too, also when the test fails. Runs in reverse order. */
  cleanup(work: () => Promise<unknown>): void;
  /** A line for the report of a failure. */
  log(line: string): void;
}

export interface ConformanceTest {
  /** The official name, without tags. */
  readonly name: string;
  /** Upper bound of the whole test, milliseconds. */
  readonly timeoutMs: number;
  run(context: TestContext): Promise<void>;
}

/** One official test, written anew. `name` must be on the official list; a test of the runner holds that. */
export const conformanceTest = (
  name: string,
  run: (context: TestContext) => Promise<void>,
  timeoutMs = 300_000,
): ConformanceTest => Object.freeze({ name, timeoutMs, run });
