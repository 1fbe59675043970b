import type { Declare } from './declare.ts';

interface CommandModule {
  /** What people type; the second names of a module are hidden. */
  readonly names: readonly [string, ...string[]];
  load(): Promise<Declare>;
  /** It runs for as long as a cluster does. */
  readonly isDaemon?: boolean;
}

/**
 * Every command, in the order in which the help shows them. Adding one is adding a file and a line to this list. A module
 * is loaded when its command is called, or help is: an agent would otherwise hold a whole API server in memory, and a
 * server a kubelet.
 */
export const commands: readonly CommandModule[] = [
  { names: ['up'], load: async () => (await import('./up.ts')).declareUp },
  { names: ['down'], load: async () => (await import('./down.ts')).declareDown },
  { names: ['status'], load: async () => (await import('./status.ts')).declareStatus },
  { names: ['logs'], load: async () => (await import('./logs.ts')).declareLogs },
  { names: ['why'], load: async () => (await import('./why.ts')).declareWhy },
  { names: ['server'], load: async () => (await import('./server.ts')).declareServer, isDaemon: true },
  { names: ['agent'], load: async () => (await import('./agent.ts')).declareAgent, isDaemon: true },
  { names: ['node'], load: async () => (await import('./node.ts')).declareNode },
  { names: ['token'], load: async () => (await import('./token.ts')).declareToken },
  { names: ['image'], load: async () => (await import('./image.ts')).declareImage },
  { names: ['kubectl'], load: async () => (await import('./kubectl.ts')).declareKubectl },
  { names: ['rolling-update'], load: async () => (await import('./rolling-update.ts')).declareRollingUpdate },
  { names: ['test'], load: async () => (await import('./test.ts')).declareTest },
  { names: ['sim'], load: async () => (await import('./sim.ts')).declareSim },
  { names: ['conformance'], load: async () => (await import('./conformance.ts')).declareConformance },
  { names: ['bench'], load: async () => (await import('./bench.ts')).declareBench },
  { names: ['envtest', 'envtest-run'], load: async () => (await import('./envtest.ts')).declareEnvtest },
];

/** Those that a command line may mean: one where it names one, else all. */
export const commandsFor = (name: string | undefined): readonly CommandModule[] => {
  const called = commands.find(({ names }) => name !== undefined && names.includes(name));
  return called ? [called] : commands;
};
