import { jsonPatch, mergePatch } from '@navarch/machinery';
import type { Resource } from '../registry/resource.ts';
import type { ApiResponse } from '../request.ts';
import { readScale, writeScale } from '../subresources/scale.ts';
import { valueAnswer } from './answer.ts';
import { type Exchange, notAllowedHere } from './exchange.ts';

/** The scale subresource: reads and writes the number of replicas of any kind that has one. */
export async function serveScale(resource: Resource<any>, exchange: Exchange): Promise<ApiResponse> {
  const { request, info: { namespace, name }, call, bodies } = exchange;
  switch (request.method) {
    case 'GET':
      await resource.shelf.ready([resource.cached(namespace, name)]);
      return valueAnswer(exchange, readScale(resource, resource.get(namespace, name)));
    case 'PUT': {
      const { value } = await bodies.object(request, 'Scale');
      return valueAnswer(exchange, await writeScale(resource, namespace, name, () => value, call));
    }
    case 'PATCH': {
      const type = bodies.patchType(request);
      const { value } = await bodies.patch(request);
      return valueAnswer(exchange, await writeScale(resource, namespace, name, (current) => (type === 'json' ? jsonPatch(current, value) : mergePatch(current, value)), call));
    }
    default: throw notAllowedHere();
  }
}
