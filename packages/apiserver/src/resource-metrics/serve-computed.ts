import type { ApiObject, Column } from '@navarch/machinery';
import { bytesAnswer } from '../handlers/answer.ts';
import { type Exchange, notAllowedHere } from '../handlers/exchange.ts';
import { listOptions } from '../handlers/options.ts';
import { partial, partialList, tableOf } from '../registry/table.ts';
import { negotiate, type Representation } from '../representation/representation.ts';
import { mismatch, showValue } from '../representation/show.ts';
import type { ApiResponse } from '../request.ts';
import { computedItems, computedList, computedObject, type ComputedResource } from './computed.ts';

/** Reads a computed resource: one object or a list, whole, as a table, or as their metadata. */
export async function serveComputed(resource: ComputedResource, exchange: Exchange): Promise<ApiResponse> {
  const { request, info, registry } = exchange;
  const { verb, namespace, name } = info;
  if (request.method !== 'GET' || info.subresource !== '' || (verb !== 'get' && verb !== 'list'))
    throw notAllowedHere();
  const { kind } = resource;
  const how = negotiate(exchange, kind);
  await resource.refresh?.();
  const now = registry.deps.clock.now();
  if (verb === 'get') {
    const object = computedObject(resource, namespace, name);
    return answer(how, how.shape === 'object' ? object : shaped(how, resource, [object], now));
  }
  const { labelSelector, fieldSelector } = listOptions(exchange);
  const wanted = { namespace, labelSelector, fieldSelector };
  return answer(
    how,
    how.shape === 'object'
      ? computedList(resource, wanted)
      : shaped(how, resource, computedItems(resource, wanted), now, true),
  );
}

function shaped(
  how: Representation,
  resource: ComputedResource,
  objects: readonly ApiObject[],
  now: number,
  isList = false,
): unknown {
  const { kind } = resource;
  if (how.shape === 'table') {
    const columns: readonly Column<ApiObject>[] = resource.columns?.(objects) ?? kind.columns;
    return tableOf(objects, { columns, now, meta: {}, includeObject: how.includeObject, metaVersion: how.metaVersion });
  }
  if (isList !== how.isList) throw mismatch(kind, isList);
  const [first] = objects;
  return isList || !first ? partialList(objects, {}, how.metaVersion) : partial(first, how.metaVersion);
}

const answer = (how: Representation, value: unknown): ApiResponse => bytesAnswer(how, [showValue(how, value)]);
