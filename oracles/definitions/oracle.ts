import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseYaml } from '@navarch/node/yaml';
import { type Asked, asked, settled } from '../../packages/apiserver/src/testing/ask.ts';
import { ask, built, moduleFolder } from '../go.ts';
import { LeftOut, type Oracle, type Tally } from '../oracle.ts';

/** Modules that carry definitions many clusters have, and where. */
const SOURCES: readonly (readonly [module: string, glob: string])[] = [
  ['sigs.k8s.io/gateway-api@v1.4.0', 'config/crd/{standard,experimental}/*.yaml'],
  ['github.com/cert-manager/cert-manager@v1.21.2', 'deploy/crds/*.yaml'],
  ['sigs.k8s.io/kueue@v0.14.0', 'config/components/crd/bases/*.yaml'],
  ['sigs.k8s.io/cluster-api@v1.14.2', '{core,bootstrap/kubeadm,controlplane/kubeadm}/config/crd/bases/*.yaml'],
  ['github.com/prometheus-operator/prometheus-operator@v0.85.0', 'example/prometheus-operator-crd/*.yaml'],
  ['github.com/cloudnative-pg/cloudnative-pg@v1.27.0', 'config/crd/bases/*.yaml'],
  ['github.com/fluxcd/source-controller@v1.7.0', 'config/crd/bases/*.yaml'],
  ['github.com/kedacore/keda/v2@v2.18.0', 'config/crd/bases/*.yaml'],
  ['github.com/argoproj/argo-cd/v3@v3.2.0', 'manifests/crds/*.yaml'],
  ['github.com/argoproj/argo-workflows/v3@v3.7.0', 'manifests/base/crds/full/argoproj.io_*.yaml'],
  ['github.com/argoproj/argo-rollouts@v1.8.3', 'manifests/crds/*-crd.yaml'],
  ['istio.io/api@v1.28.0', 'kubernetes/customresourcedefinitions.gen.yaml'],
  ['knative.dev/serving@v0.47.0', 'config/core/300-resources/*.yaml'],
  ['github.com/cilium/cilium@v1.18.0', 'pkg/k8s/apis/cilium.io/client/crds/*/*.yaml'],
  ['github.com/openkruise/kruise@v1.8.0', 'config/crd/bases/*.yaml'],
  ['github.com/projectcontour/contour@v1.33.0', 'examples/contour/01-crds.yaml'],
  ['sigs.k8s.io/karpenter@v1.8.0', 'pkg/apis/crds/*.yaml'],
  ['github.com/crossplane/crossplane/v2@v2.0.2', 'cluster/crds/*.yaml'],
];
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
/** Whoever asks for fewer cases wants to be done in a minute. */
const CASES_MIN = 10_000;
const APPLY = { 'content-type': 'application/apply-patch+yaml' };

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
}
interface Reply {
  readonly value?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly string[];
  readonly error?: string;
}

/**
 * Definitions of well-known projects: each is judged as upstream judges it, established, and published for `explain` as
 * upstream publishes it; an object of it can be applied.
 */
export const definitionsOracle: Oracle = {
  name: 'definitions',
  async run({ cases, say }) {
    if (cases < CASES_MIN) throw new LeftOut('it fetches many modules: node oracles/main.ts --only definitions');
    const program = await built('custom-resources');
    let [passed, failed] = [0, 0];
    for (const [module, glob] of SOURCES) {
      const definitions = definitionsIn(await moduleFolder(module), glob);
      const trial = new Trial(program);
      for (const definition of definitions) await trial.try(definition);
      for (const line of trial.complaints) say(`  ${line}`);
      say(`${trial.complaints.length === 0 ? 'ok  ' : 'FAIL'} ${module}: ${definitions.length} definitions`);
      passed += definitions.length - trial.failed;
      failed += trial.failed;
    }
    return { passed, failed } satisfies Tally;
  },
};

function definitionsIn(folder: string, glob: string): readonly Definition[] {
  const texts = globSync(glob, { cwd: folder })
    .toSorted()
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split(/^---\s*$/m))
    .filter((text) => /^kind:/m.test(text));
  return texts
    .map((text) => parseYaml(text) as (Definition & { readonly kind?: string }) | null)
    .filter((object) => object?.kind === 'CustomResourceDefinition') as readonly Definition[];
}

class Trial {
  readonly #program: string;
  readonly complaints: string[] = [];
  failed = 0;

  constructor(program: string) {
    this.#program = program;
  }

  async try(definition: Definition): Promise<void> {
    const before = this.complaints.length;
    await this.#judge(definition).catch((error: unknown) => this.#complain(definition, (error as Error).message));
    if (this.complaints.length > before) this.failed += 1;
  }

  async #judge(definition: Definition): Promise<void> {
    const served = definition.spec.versions.filter((version) => version.served).map((version) => version.name);
    const questions = [
      { op: 'definition', definition },
      ...served.map((version) => ({ op: 'openapi', definition, version })),
    ];
    const [verdict, ...documents] = (await ask(this.#program, questions)) as readonly Reply[];
    const server = await asked();
    const { status, body, text } = await server.ask('POST', DEFINITIONS, definition);
    const ours: readonly string[] =
      status === 201
        ? []
        : (body?.details?.causes ?? [{ field: '', message: text }]).map(
            (cause: { field: string; message: string }) => `${cause.field}: ${cause.message}`,
          );
    const theirs = verdict?.errors ?? (verdict?.error ? [verdict.error] : []);
    if (JSON.stringify(ours.toSorted()) !== JSON.stringify(theirs.toSorted()))
      this.#complain(
        definition,
        `judged otherwise\n    theirs ${theirs.join('\n           ')}\n    ours   ${ours.join('\n           ')}`,
      );
    if (status !== 201) return;
    await settled();
    const { body: held } = await server.ask('GET', `${DEFINITIONS}/${definition.metadata.name}`);
    const established = held.status.conditions?.find((condition: { type: string }) => condition.type === 'Established');
    if (established?.status !== 'True')
      this.#complain(definition, `not established: ${JSON.stringify(held.status.conditions)}`);
    for (const [i, version] of served.entries()) await this.#compare(definition, version, documents[i] ?? {}, server);
  }

  async #compare(definition: Definition, version: string, { value = {}, error }: Reply, server: Asked): Promise<void> {
    const { group, names, scope } = definition.spec;
    const place = `/apis/${group}/${version}`;
    const { body: document } = await server.ask('GET', `/openapi/v3${place}`);
    const name = `${group.split('.').toReversed().join('.')}.${version}.${names.kind}`;
    for (const part of [name, `${name}List`]) {
      const [theirs, ours] = [normal(value[part]), normal(document?.components?.schemas?.[part])];
      if (theirs !== ours)
        this.#complain(definition, `${part} is published otherwise: ${error ?? difference(theirs, ours)}`);
    }
    const path = `${place}${scope === 'Cluster' ? '' : '/namespaces/d'}/${names.plural}/tried?fieldManager=oracle`;
    const { status, text } = await server.ask(
      'PATCH',
      path,
      { apiVersion: `${group}/${version}`, kind: names.kind, metadata: { name: 'tried', labels: { a: 'b' } } },
      APPLY,
    );
    // Most need more than a name: their words are compared by random objects.
    if (status !== 201 && status !== 200 && status !== 422)
      this.#complain(definition, `applying to ${version} was answered ${status}: ${text}`);
  }

  #complain({ metadata }: Definition, text: string): void {
    this.complaints.push(`${metadata.name}: ${text}`);
  }
}

/** Fields that every object has: they are described in words of our own. */
const OWN = new Set(['apiVersion', 'kind', 'metadata', 'items']);

function normal(value: unknown): string {
  return (
    JSON.stringify(value, (name, part: unknown) => {
      if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
      const entries = Object.entries(part).filter(
        ([key, text]) => !((OWN.has(name) || name === '') && key === 'description' && typeof text === 'string'),
      );
      return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
    }) ?? 'nothing'
  );
}

function difference(theirs: string, ours: string): string {
  let at = 0;
  while (at < theirs.length && theirs[at] === ours[at]) at += 1;
  return `...${theirs.slice(Math.max(0, at - 80), at)} | ${theirs.slice(at, at + 160)} | ${ours.slice(at, at + 160)}`;
}
