import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFeatureGates, runtimeConfigOf, serve, type Server } from '@navarch/apiserver';
import type { Logger } from '@navarch/base';
import { listenHttps } from '@navarch/node/http';
import { linearPatterns } from '@navarch/node/patterns';
import { Pki } from '@navarch/node/pki';
import { systemClock, systemRandom } from '@navarch/node/system';
import { parseYaml } from '@navarch/node/yaml';
import { MemoryStore } from '@navarch/store';
import { CUSTOM } from './requests.ts';

export interface FuzzTarget extends AsyncDisposable {
  readonly port: number;
  readonly authority: string;
  readonly admin: { readonly certificate: string; readonly key: string };
  readonly server: Server;
  readonly store: MemoryStore;
  /** What the server has said of errors that are its own, and forgets then. */
  complaints(): readonly string[];
}

/** A whole API server in memory, listening on loopback. */
export async function fuzzTarget(): Promise<FuzzTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-fuzz-'));
  const stop = new AbortController();
  const pki = await Pki.open(folder);
  const own = await pki.identity('apiserver', {
    commonName: 'kube-apiserver',
    addresses: ['127.0.0.1'],
    names: ['localhost'],
  });
  const admin = await pki.identity('admin', { commonName: 'admin', organizations: ['system:masters'] });
  const said: string[] = [];
  const store = new MemoryStore();
  const { server, housekeep } = await serve(
    {
      store,
      clock: systemClock,
      random: systemRandom(),
      log: complaining(said),
      tokens: { sign: async () => 'token', verify: async () => undefined, jwks: () => ({ keys: [] }) },
      issuer: 'https://issuer',
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.0.0.1',
      advertisePort: 6443,
      parseYaml,
      patterns: linearPatterns,
      features: parseFeatureGates(['CBORServingAndStorage=true']),
      runtimeConfig: runtimeConfigOf(['api/all=true']),
    },
    stop.signal,
  );
  const housekeeping = housekeep(stop.signal).catch(() => undefined);
  const authority = pki.authority.certificate;
  const listening = await listenHttps(server, {
    addresses: ['127.0.0.1'],
    port: 0,
    certificate: own.certificate,
    key: own.key,
    clientAuthority: authority,
    kubeletClient: { ...admin, authority },
  });
  return {
    port: listening.port,
    authority,
    admin,
    server,
    store,
    complaints: () => said.splice(0),
    async [Symbol.asyncDispose]() {
      await listening[Symbol.asyncDispose]();
      stop.abort();
      await housekeeping;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function complaining(said: string[]): Logger {
  const quiet = (): void => undefined;
  const log: Logger = {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (event, fields = {}) =>
      void said.push(
        `${event} ${String(fields['method'] ?? '')} ${String(fields['path'] ?? '')}\n${String(fields['stack'] ?? fields['error'] ?? '')}`,
      ),
    with: () => log,
  };
  return log;
}

/** A custom resource with something of everything that schemas may say. */
export const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${CUSTOM.plural}.${CUSTOM.group}` },
  spec: {
    group: CUSTOM.group,
    scope: 'Namespaced',
    names: { plural: CUSTOM.plural, singular: 'widget', kind: CUSTOM.kind, listKind: 'WidgetList' },
    versions: [
      {
        name: CUSTOM.version,
        served: true,
        storage: true,
        subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Part', type: 'string', jsonPath: '.spec.parts[?(@.name=="p")].weight' },
        ],
        selectableFields: [{ jsonPath: '.spec.name' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['name'],
                'x-kubernetes-validations': [
                  { rule: 'self.size < 100 && (!has(oldSelf.size) || self.size >= oldSelf.size - 50)', message: 'no' },
                ],
                properties: {
                  size: { type: 'integer', minimum: 0, default: 1 },
                  name: { type: 'string', pattern: '^[a-z]+$', maxLength: 20, default: 'x' },
                  labels: { type: 'object', additionalProperties: { type: 'string' } },
                  parts: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['name'],
                    items: {
                      type: 'object',
                      required: ['name'],
                      properties: { name: { type: 'string' }, weight: { type: 'integer' } },
                    },
                  },
                  any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  mixed: { 'x-kubernetes-int-or-string': true },
                  when: { type: 'string', format: 'date-time', nullable: true },
                },
              },
              status: { type: 'object', properties: { size: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
} as const;
