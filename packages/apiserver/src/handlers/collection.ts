import type { ApiObject } from '@navarch/machinery';
import { deleteCollection } from '../registry/deletion.ts';
import { metaOf, page } from '../registry/reading.ts';
import type { Resource } from '../registry/resource.ts';
import { checkRevision } from '../registry/revision-text.ts';
import { selectionOf } from '../registry/selection.ts';
import { runWatch } from '../registry/watching.ts';
import { negotiate, negotiateStream } from '../representation/representation.ts';
import { showList, showObject } from '../representation/show.ts';
import type { ApiResponse, StreamResponse } from '../request.ts';
import { bytesAnswer } from './answer.ts';
import { type Exchange, goesByVerb, nameless, notAllowedHere, noVerb } from './exchange.ts';
import { deleteOptions, listOptions, watchOptions } from './options.ts';

/** A watch without a time of its own ends after this long, up to twice as long, unless upstream's --min-request-timeout says otherwise. */
const WATCH_MS_MIN = 30 * 60_000;

/** What can be done with all objects of a kind, or those of a namespace. */
export async function serveCollection(resource: Resource<any>, exchange: Exchange): Promise<ApiResponse> {
  const { info, request, bodies } = exchange;
  const { kind } = resource;
  if (goesByVerb(kind) && (info.verb === 'update' || info.verb === 'patch')) {
    if (info.verb === 'patch') bodies.patchType(request, kind);
    throw nameless();
  }
  const isServed =
    kind.verbs.some((verb) => verb === info.verb) &&
    (!kind.namespaced || info.isInNamespace || info.verb === 'list' || info.verb === 'watch');
  switch (isServed ? info.verb : '') {
    case 'list':
      return list(resource, exchange);
    case 'watch':
      return watch(resource, exchange);
    case 'create':
      return create(resource, exchange);
    case 'deletecollection':
      return removeAll(resource, exchange);
    default:
      throw noVerb(kind, info);
  }
}

async function list(resource: Resource<any>, exchange: Exchange): Promise<ApiResponse> {
  const how = negotiate(exchange, resource.kind);
  const found = await page(resource, listOptions(exchange));
  return bytesAnswer(how, showList(how, resource, { objects: found.objects, meta: metaOf(found) }));
}

/** Of what the body names: a name in the path is not looked at. */
export async function create(resource: Resource<any>, exchange: Exchange): Promise<ApiResponse> {
  const { request, info, call, bodies } = exchange;
  const how = negotiate(exchange, resource.kind);
  const { value, ...source } = await bodies.object(request, resource.kind);
  const made = (await resource.create(info.namespace, value, { ...call, ...source })) as ApiObject;
  return bytesAnswer(how, [showObject(how, resource, made)], 201);
}

/** Everything that happens to a kind, or to one object of it, as a stream. Throws before the first frame only. */
export function watch(resource: Resource<any>, exchange: Exchange): StreamResponse {
  const { request, registry, tuning } = exchange;
  if (request.method !== 'GET') throw notAllowedHere();
  const how = negotiateStream(exchange, resource.kind);
  const { labelSelector, fieldSelector, namespace, resourceVersion } = listOptions(exchange);
  const { timeoutSeconds, ...options } = watchOptions(request);
  // What is selected is asked before the version is looked at.
  selectionOf(resource.kind, labelSelector, fieldSelector);
  checkRevision(resourceVersion);
  const { clock, random } = registry.deps;
  const { watchMsMin = WATCH_MS_MIN } = tuning;
  const timeoutMs = timeoutSeconds === undefined ? watchMsMin + (random.uint32() % watchMsMin) : timeoutSeconds * 1000;
  const wanted = {
    namespace,
    labelSelector,
    fieldSelector,
    resourceVersion: resourceVersion === '0' ? '' : resourceVersion,
    ...options,
    timeoutMs,
    how,
  };
  return {
    type: 'stream',
    status: 200,
    headers: { 'content-type': how.format.streamType ?? '' },
    run: (sink, signal) => runWatch(resource, wanted, clock, sink, signal),
  };
}

async function removeAll(resource: Resource<any>, exchange: Exchange): Promise<ApiResponse> {
  const { request, call, bodies } = exchange;
  const how = negotiate(exchange, resource.kind);
  const options = deleteOptions(exchange, await bodies.options(request));
  const deletion = { ...call, isDryRun: call.isDryRun || options.dryRun?.includes('All') === true };
  const found = await deleteCollection(resource, listOptions(exchange), options, deletion);
  return bytesAnswer(how, showList(how, resource, { objects: found.objects, meta: metaOf(found) }));
}
