import { badRequest, Field, invalid, jsonPatch, mergePatch } from '@navarch/machinery';
import { checkName } from '../registry/incoming.ts';
import type { Resource } from '../registry/resource.ts';
import type { ApiResponse } from '../request.ts';
import { checkSent, unhandled } from '../sent-body.ts';
import { checkScaled, readScale, type Scale, scaleIn, writeScale } from '../subresources/scale.ts';
import { valueAnswer } from './answer.ts';
import { type Exchange, noVerb } from './exchange.ts';

/** The scale subresource: reads and writes the number of replicas of any kind that has one. */
export async function serveScale(resource: Resource<any>, exchange: Exchange): Promise<ApiResponse> {
  const { request, info, call, bodies } = exchange;
  const { namespace, name } = info;
  switch (request.method) {
    case 'GET': {
      await resource.shelf.ready([resource.cached(namespace, name)]);
      const object = resource.get(namespace, name);
      checkScaled(resource, object);
      return valueAnswer(exchange, readScale(resource, object));
    }
    case 'PUT': {
      const sent = sentScale((await bodies.object(request, 'Scale')).value);
      if (sent.metadata?.name) checkName(sent.metadata.name, name);
      return valueAnswer(exchange, await writeScale(resource, namespace, name, () => sent, call));
    }
    case 'PATCH': {
      const type = bodies.patchType(request, resource.kind);
      const { value } = await bodies.patch(request);
      const patched = (current: unknown): Scale => patchedScale(type === 'json' ? jsonPatch(current, value) : mergePatch(current, value));
      return valueAnswer(exchange, await writeScale(resource, namespace, name, patched, call));
    }
    default: throw noVerb(resource.kind, info);
  }
}

/** Throws BadRequest. */
function sentScale(value: unknown): Scale {
  checkSent(value, 'Scale', 'autoscaling/v1');
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
    at.invalid(JSON.stringify(value), (error as Error).message);
    throw invalid({ group: '', kind: '' }, '', at.errors);
  }
}
