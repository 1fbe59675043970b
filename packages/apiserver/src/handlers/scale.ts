import {
  type ApiObject,
  badRequest,
  Field,
  invalid,
  jsonPatch,
  mergePatch,
  StatusError,
  writeJson,
} from '@navarch/machinery';
import { checkName } from '../registry/incoming.ts';
import type { Resource } from '../registry/resource.ts';
import { negotiate } from '../representation/representation.ts';
import { showPart } from '../representation/show.ts';
import type { ApiResponse } from '../request.ts';
import { checkSent, unhandled } from '../registry/sent-body.ts';
import { applyScale, checkScaled, readScale, type Scale, scaleIn, writeScale } from '../subresources/scale.ts';
import { bytesAnswer } from './answer.ts';
import type { Exchange } from './exchange.ts';

/** The scale subresource: reads and writes the number of replicas of any kind that has one. */
export async function serveScale(resource: Resource<any>, exchange: Exchange): Promise<ApiResponse> {
  const { registry } = exchange;
  // In the formats of the resource itself: custom ones have no protobuf, and neither has their scale.
  const how = negotiate(exchange, resource.kind);
  const scale = await asked(resource, exchange);
  return bytesAnswer(how, [showPart(how, scale as ApiObject, registry.deps.clock.now())]);
}

async function asked(
  resource: Resource<any>,
  { request, info: { verb, namespace, name }, call, bodies }: Exchange,
): Promise<unknown> {
  switch (verb) {
    case 'get': {
      await resource.shelf.ready([resource.cached(namespace, name)]);
      const object = resource.get(namespace, name);
      checkScaled(resource, object);
      return readScale(resource, object);
    }
    case 'update': {
      const sent = await readSent(resource, async () =>
        sentScale((await bodies.object(request, { kind: 'Scale' })).value),
      );
      if (sent.metadata?.name) checkName(sent.metadata.name, name);
      const { uid } = sent.metadata ?? {};
      return writeScale(resource, { namespace, name, change: () => sent, meant: { uid } }, call);
    }
    default: {
      const type = bodies.patchType(request, resource.kind);
      const { value } = await bodies.patch(request);
      if (type === 'apply') {
        const wanted = {
          config: sentScale(value),
          manager: request.query.get('fieldManager') ?? '',
          force: request.query.get('force') === 'true',
        };
        return applyScale(resource, namespace, name, wanted, call);
      }
      const change = (current: unknown): Scale =>
        patchedScale(type === 'json' ? jsonPatch(current, value) : mergePatch(current, value));
      return writeScale(resource, { namespace, name, change }, call);
    }
  }
}

/** The table of types by which upstream would say what a body should have been; scales of definitions are not in it. */
const TABLE = 'pkg/apiserver/customresource_handler.go:781';

async function readSent({ kind }: Resource<any>, read: () => Promise<Scale>): Promise<Scale> {
  try {
    return await read();
  } catch (error) {
    const isUnread = kind.scale?.isBySchema && error instanceof StatusError && error.status.reason === 'BadRequest';
    if (!isUnread) throw error;
    throw badRequest(`no kind is registered for the type v1.Scale in scheme ${JSON.stringify(TABLE)}`);
  }
}

/** Throws BadRequest. */
function sentScale(value: unknown): Scale {
  checkSent(value, { kind: 'Scale', group: 'autoscaling', version: 'v1' });
  try {
    return scaleIn(value);
  } catch (error) {
    throw badRequest(unhandled('Scale', 'v1', (error as Error).message));
  }
}

/** Throws Invalid: what a patch makes is no fault of the object. */
function patchedScale(value: unknown): Scale {
  try {
    return scaleIn(value);
  } catch (error) {
    const at = new Field('patch');
    const { apiVersion, kind, ...rest } = value as Readonly<Record<string, unknown>>;
    at.invalid(writeJson({ apiVersion, kind, ...rest }), (error as Error).message);
    throw invalid({ group: '', kind: '' }, '', at.errors);
  }
}
