/** Who may import whom. A package may import the packages listed here and nothing else. The table is the architecture. */
export interface Rule {
  /** The ring of ARCHITECTURE.md: 0-3 are the core, 4 the adapters, 5 what people run. */
  readonly ring: 0 | 1 | 2 | 3 | 4 | 5;
  readonly may: readonly string[];
  /** Modules of other people that this package may import. Rings 0-3 have none. */
  readonly thirdParty?: readonly string[];
}

const toolkit = ['base', 'machinery', 'api'];
// Components never see each other: what they have to say to each other goes through the API.
const component = [...toolkit, 'client'];
const core = [...component, 'store', 'apiserver', 'controllers', 'scheduler', 'kubelet', 'proxy', 'dns', 'ingress'];

export const layers: Readonly<Record<string, Rule>> = {
  base: { ring: 0, may: [] },
  machinery: { ring: 1, may: ['base'] },
  api: { ring: 2, may: ['base', 'machinery'] },
  store: { ring: 2, may: ['base'] },
  client: { ring: 2, may: ['base', 'machinery'] },
  // The client port is what the server offers in process (ADR 4); nothing else of the client is used.
  apiserver: { ring: 3, may: [...toolkit, 'store', 'client'] },
  controllers: { ring: 3, may: component },
  scheduler: { ring: 3, may: component },
  kubelet: { ring: 3, may: component },
  proxy: { ring: 3, may: component },
  dns: { ring: 3, may: component },
  ingress: { ring: 3, may: component },
  node: {
    ring: 4,
    may: core,
    thirdParty: ['@grpc/grpc-js', 're2js', 'ws', 'jose', 'ipaddr.js', 'js-yaml', 'pino', 'smol-toml', 'tar-stream'],
  },
  sim: { ring: 4, may: core },
  testing: { ring: 5, may: [...core, 'node', 'sim'] },
};

/** Things the core may not say, and what to say instead. */
export const banned: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bDate\.now\(|\bnew Date\(\)|\bperformance\./, 'clock.now()'],
  [/\bMath\.random\(|\bcrypto\./, 'random.uint32() or entropy.bytes()'],
  [/\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(/, 'clock.sleep()'],
  [/\bconsole\./, 'log.info()'],
  [/\bprocess\./, 'a port'],
  [/\bas any\b|@ts-ignore|@ts-nocheck/, 'a type'],
  [/\bPromise\.all\(/, 'settleAll()'],
];

/** Things nobody may commit. */
export const unwelcome: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/\b(?:test|describe|it)\.(?:only|skip|todo)\(/, 'every test runs'],
  [/\bFIXME\b|\bHACK\b/, 'mend it or file it'],
  [/\bTODO\b(?!\(#\d+\))/, 'a TODO names its issue: TODO(#12)'],
];
