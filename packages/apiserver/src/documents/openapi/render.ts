import { Definitions, type Doc, GVK } from './definitions.ts';
import { CORE, type GroupVersion, groupVersionsEver } from './group-versions-ever.ts';
import { type Operation, type Parameter, RESPONSE_TEXTS } from './operation.ts';
import { sharedParameters } from './shared-parameters.ts';

const SECURITY = {
  BearerToken: { description: 'Bearer Token authentication', type: 'apiKey', name: 'authorization', in: 'header' },
};
const INFO = { title: 'Kubernetes', version: '1.37' };

/** OpenAPI v2 of everything. `hasEnums`: it tells the values that a text may have. */
export function openApiV2(operations: readonly Operation[], hasEnums: boolean): Doc {
  const definitions = new Definitions('v2', hasEnums, groupVersionsEver);
  const paths = pathsOf(operations, definitions, operationV2, parameterV2);
  const shared = sharedParameters(paths);
  return {
    swagger: '2.0',
    info: INFO,
    paths: shared.paths,
    definitions: definitions.all(),
    parameters: shared.parameters,
    securityDefinitions: SECURITY,
    security: [{ BearerToken: [] }],
  };
}

/** OpenAPI v3 of some of it: of one group and version, or of what belongs to none. */
export function openApiV3(operations: readonly Operation[], of: GroupVersion | undefined, hasEnums: boolean): Doc {
  const isCore = !of || (of.group === CORE.group && of.version === CORE.version);
  const definitions = new Definitions('v3', hasEnums, isCore ? [CORE] : [CORE, of]);
  const paths = pathsOf(operations, definitions, operationV3, parameterV3);
  const schemas = definitions.all();
  return {
    openapi: '3.0.0',
    info: INFO,
    paths,
    components: { ...(Object.keys(schemas).length > 0 ? { schemas } : {}), securitySchemes: SECURITY },
  };
}

type ShowOperation = (operation: Operation, parameters: readonly Doc[], definitions: Definitions) => Doc;
type ShowParameter = (parameter: Parameter) => Doc;

/** By path and method. What all operations of a path take is said once. */
function pathsOf(
  operations: readonly Operation[],
  definitions: Definitions,
  show: ShowOperation,
  showParameter: ShowParameter,
): Record<string, Doc> {
  const paths = [...Map.groupBy(operations, ({ path }) => path)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    paths.map(([path, of]) => {
      const common = (of[0] as Operation).parameters.filter((one) =>
        of.every(({ parameters }) => parameters.some((other) => keyOf(other) === keyOf(one))),
      );
      const isCommon = new Set(common.map(keyOf));
      const methods = of
        .toSorted((a, b) => METHODS.indexOf(a.method) - METHODS.indexOf(b.method))
        .map((operation) => {
          const own = inOrder(operation.parameters.filter((parameter) => !isCommon.has(keyOf(parameter)))).map(
            showParameter,
          );
          return [operation.method, show(operation, own, definitions)] as const;
        });
      return [
        path,
        {
          ...Object.fromEntries(methods),
          ...(common.length > 0 ? { parameters: inOrder(common).map(showParameter) } : {}),
        },
      ];
    }),
  );
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
const keyOf = ({ name, in: where }: Parameter): string => `${where} ${name}`;
const inOrder = (parameters: readonly Parameter[]): readonly Parameter[] =>
  parameters.toSorted((a, b) => (a.name < b.name || (a.name === b.name && a.in < b.in) ? -1 : 1));

const aboutKind = ({ action, gvk }: Operation): Doc => ({
  ...(action === undefined ? {} : { 'x-kubernetes-action': action }),
  ...(gvk ? { [GVK]: gvk } : {}),
});

const parameterV2 = ({ name, in: where, type, description }: Parameter): Doc => ({
  uniqueItems: true,
  type,
  ...(description === undefined ? {} : { description }),
  name,
  in: where,
  ...(where === 'path' ? { required: true } : {}),
});

const operationV2: ShowOperation = (operation, own, definitions) => {
  const { id, tags, description, body, consumes, produces, responses } = operation;
  const parameters = [
    ...(body
      ? [{ name: 'body', in: 'body', ...(body.isRequired ? { required: true } : {}), schema: body.schema(definitions) }]
      : []),
    ...own,
  ];
  return {
    description,
    ...(consumes.length > 0 ? { consumes } : {}),
    produces,
    schemes: ['https'],
    tags,
    operationId: id,
    ...(parameters.length > 0 ? { parameters: parameters.toSorted(byName) } : {}),
    responses: Object.fromEntries([
      ...responses.map(({ status, schema }) => [
        status,
        { description: RESPONSE_TEXTS[status], schema: schema(definitions) },
      ]),
      [401, UNAUTHORIZED],
    ]),
    ...aboutKind(operation),
  };
};

const UNAUTHORIZED = { description: RESPONSE_TEXTS[401] };
const byName = (a: Doc, b: Doc): number => (String(a['name']) < String(b['name']) ? -1 : 1);

const parameterV3 = ({ name, in: where, type, description }: Parameter): Doc => ({
  name,
  in: where,
  ...(description === undefined ? {} : { description }),
  ...(where === 'path' ? { required: true } : {}),
  schema: { type, uniqueItems: true },
});

const operationV3: ShowOperation = (operation, own, definitions) => {
  const { id, tags, description, body, consumes, produces, responses } = operation;
  const content = (types: readonly string[], schema: Doc): Doc => ({
    content: Object.fromEntries(types.toSorted().map((type) => [type, { schema }])),
  });
  return {
    tags,
    description,
    operationId: id,
    ...(own.length > 0 ? { parameters: own } : {}),
    ...(body
      ? {
          requestBody: {
            ...content(consumes, body.schema(definitions)),
            ...(body.isRequired ? { required: true } : {}),
          },
        }
      : {}),
    responses: Object.fromEntries([
      ...responses.map(({ status, schema }) => [
        status,
        { description: RESPONSE_TEXTS[status], ...content(produces, schema(definitions)) },
      ]),
      [401, UNAUTHORIZED],
    ]),
    ...aboutKind(operation),
  };
};
