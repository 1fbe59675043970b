import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { apiVersionOf, type Kind, type ResourceFacts } from '@navarch/machinery';

/** What upstream's server answered. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface SubresourceQuestion {
  readonly options?: string;
  readonly methods?: readonly string[];
  readonly hasPath?: boolean;
  readonly text?: boolean;
}

const STREAMED = ['GET', 'POST'] as const;
const PROXIED = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;
/** Subresources that are no object: discovery does not say how they are asked. */
const PARTS: Readonly<Record<string, SubresourceQuestion>> = {
  'pods/exec': { options: 'PodExecOptions', methods: STREAMED },
  'pods/attach': { options: 'PodAttachOptions', methods: STREAMED },
  'pods/portforward': { options: 'PodPortForwardOptions', methods: STREAMED },
  'pods/log': { options: 'PodLogOptions', text: true },
  'pods/proxy': { options: 'PodProxyOptions', methods: PROXIED, hasPath: true },
  'nodes/proxy': { options: 'NodeProxyOptions', methods: PROXIED, hasPath: true },
  'services/proxy': { options: 'ServiceProxyOptions', methods: PROXIED, hasPath: true },
};
/** Resources whose deletion answers with what was deleted: facts of upstream's registries, which no Go module shows. */
const DELETES_TO_OBJECT: ReadonlySet<string> = new Set([
  'persistentvolumeclaims',
  'pods',
  'podtemplates',
  'resourcequotas',
  'serviceaccounts',
  'services',
  'persistentvolumes',
  'csidrivers',
  'csinodes',
  'storageclasses',
  'volumeattachments',
  'volumeattributesclasses',
  'deviceclasses',
  'devicetaintrules',
  'resourceclaims',
  'resourceclaimtemplates',
  'resourceslices',
]);

/** What the Go program must know of a resource. */
export function questionOf(kind: ResourceFacts, stored: ResourceFacts | undefined): object {
  const { group, version, plural, singular, shortNames, categories, namespaced, verbs, subresources } = kind;
  return {
    group,
    version,
    kind: kind.kind,
    plural,
    singular,
    shortNames,
    categories,
    namespaced,
    verbs,
    stored: stored ? apiVersionOf(stored) : '',
    deletesToObject: DELETES_TO_OBJECT.has(plural),
    subresources: subresources.map((sub) => ({ ...sub, ...PARTS[`${plural}/${sub.name}`] })),
  };
}

/** Upstream's server library with our resources. Ends with the block. */
export class Upstream {
  readonly #child;
  readonly #waiting: ((answer: UpstreamAnswer) => void)[] = [];

  constructor(program: string, kinds: readonly Kind<any>[], storedAs: (kind: Kind<any>) => ResourceFacts | undefined) {
    this.#child = spawn(program, [], { stdio: ['pipe', 'pipe', 'ignore'] });
    createInterface(this.#child.stdout).on('line', (line) => {
      const { status, headers, body } = JSON.parse(line) as Omit<UpstreamAnswer, 'body'> & {
        readonly body: string | null;
      };
      this.#waiting.shift()?.({ status, headers, body: Buffer.from(body ?? '', 'base64') });
    });
    this.#write(kinds.map((kind) => questionOf(kind, storedAs(kind))));
  }

  ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<UpstreamAnswer> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#write({ path, headers });
    });
  }

  /** A document of OpenAPI v3 as upstream's library writes it in protobuf. */
  protobufOf(document: Uint8Array): Promise<UpstreamAnswer> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#write({ document: Buffer.from(document).toString('base64') });
    });
  }

  [Symbol.dispose](): void {
    this.#child.stdin.end();
  }

  #write(value: unknown): void {
    this.#child.stdin.write(`${JSON.stringify(value)}\n`);
  }
}
