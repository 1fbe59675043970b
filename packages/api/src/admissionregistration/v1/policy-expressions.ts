import {
  type Cel,
  celDyn,
  celObject,
  CelSyntaxError,
  type CelType,
  compileCel,
  formatCelType,
  parseCelType,
  type Patterns,
} from '@navarch/machinery';
import type { PolicyFunctions } from './authorizer-functions.ts';

export interface PolicyVariable {
  readonly name: string;
  readonly expression: string;
}

/** What the expressions of one policy or webhook may use. */
export interface PolicyEnvironment {
  readonly patterns: Patterns;
  readonly functions: PolicyFunctions;
  /** Types of the object and of the parameters, where they are looked at by type. */
  readonly objectType?: CelType;
  readonly paramsType?: CelType;
  /** The policy names a kind of parameters. */
  readonly hasParams?: boolean;
  readonly hasAuthorizer?: boolean;
  /** Expressions may make `Object{}` and `JSONPatch{}`. */
  readonly isMutating?: boolean;
  readonly variables?: readonly PolicyVariable[];
}

/** An object by the types of its fields. */
function fieldsOf(name: string, fields: Readonly<Record<string, CelType | string>>): CelType {
  const types = new Map(
    Object.entries(fields).map(([field, type]) => [field, typeof type === 'string' ? parseCelType(type) : type]),
  );
  return celObject(name, (field) => types.get(field));
}

const groupVersionKind = fieldsOf('kubernetes.GroupVersionKind', {
  group: 'string',
  version: 'string',
  kind: 'string',
});
const groupVersionResource = fieldsOf('kubernetes.GroupVersionResource', {
  group: 'string',
  version: 'string',
  resource: 'string',
});
const requestType = fieldsOf('kubernetes.AdmissionRequest', {
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: 'string',
  requestKind: groupVersionKind,
  requestResource: groupVersionResource,
  requestSubResource: 'string',
  name: 'string',
  namespace: 'string',
  operation: 'string',
  userInfo: fieldsOf('kubernetes.UserInfo', {
    username: 'string',
    uid: 'string',
    groups: 'list(string)',
    extra: 'map(string, list(string))',
  }),
  dryRun: 'bool',
  options: 'dyn',
});
const conditionType = fieldsOf('kubernetes.NamespaceCondition', {
  status: 'string',
  type: 'string',
  lastTransitionTime: 'timestamp',
  message: 'string',
  reason: 'string',
});
const namespaceType = fieldsOf('kubernetes.Namespace', {
  metadata: fieldsOf('kubernetes.NamespaceMetadata', {
    name: 'string',
    generateName: 'string',
    namespace: 'string',
    labels: 'map(string, string)',
    annotations: 'map(string, string)',
    UID: 'string',
    creationTimestamp: 'timestamp',
    deletionGracePeriodSeconds: 'int',
    deletionTimestamp: 'timestamp',
    generation: 'int',
    resourceVersion: 'string',
    finalizers: 'list(string)',
  }),
  spec: fieldsOf('kubernetes.NamespaceSpec', { finalizers: 'list(string)' }),
  status: fieldsOf('kubernetes.NamespaceStatus', {
    conditions: { kind: 'list', name: 'list', params: [conditionType] },
    phase: 'string',
  }),
});

const authorizerType = parseCelType('kubernetes.authorization.Authorizer');
const resourceCheckType = parseCelType('kubernetes.authorization.ResourceCheck');

/** The question about the object of the request, as far as it is put. */
export const REQUEST_RESOURCE = 'authorizer.requestResource';

const JSON_PATCH = 'JSONPatch';
const jsonPatchType = fieldsOf(JSON_PATCH, { op: 'string', path: 'string', from: 'string', value: 'dyn' });

/** Types of what mutations make; nobody knows the fields of objects before they are applied. */
function madeType(name: string): CelType | undefined {
  if (name === JSON_PATCH) return jsonPatchType;
  return name === 'Object' || name.startsWith('Object.') ? celObject(name, () => celDyn) : undefined;
}

/** Of a variable only types of the language are kept, as upstream keeps them. */
function keptType(type: CelType): CelType {
  if (type.kind === 'list' || type.kind === 'map') return { ...type, params: type.params.map(keptType) };
  return type.kind === 'simple' ? type : celDyn;
}

/** Expressions of one policy or webhook, each compiled once. */
export class PolicyExpressions {
  readonly #environment: PolicyEnvironment;
  readonly #known = new Map<string, Cel | CelSyntaxError>();
  #types: Readonly<Record<string, CelType>> | undefined;

  constructor(environment: PolicyEnvironment) {
    this.#environment = environment;
  }

  /** Throws CelSyntaxError. `hasAuthorizer`: false for messages. */
  compile(source: string, hasAuthorizer = true): Cel {
    const key = `${hasAuthorizer ? '' : '-'}${source}`;
    let known = this.#known.get(key);
    if (!known) this.#known.set(key, (known = this.#tried(source, this.#variables(hasAuthorizer))));
    if (known instanceof CelSyntaxError) throw known;
    return known;
  }

  #tried(source: string, variables: Readonly<Record<string, CelType>>): Cel | CelSyntaxError {
    const { patterns, functions, isMutating = false } = this.#environment;
    try {
      return compileCel(source, {
        variables,
        patterns,
        functions: isMutating ? functions.mutating : functions.plain,
        ...(isMutating ? { objectType: madeType } : {}),
      });
    } catch (error) {
      if (error instanceof CelSyntaxError) return error;
      throw error;
    }
  }

  #variables(hasAuthorizer: boolean): Readonly<Record<string, CelType>> {
    this.#types ??= this.#withVariables();
    if (hasAuthorizer && this.#environment.hasAuthorizer !== false) return this.#types;
    return Object.fromEntries(Object.entries(this.#types).filter(([name]) => !name.startsWith('authorizer')));
  }

  /** Each variable may use those before it. One that is wrong may be anything. */
  #withVariables(): Readonly<Record<string, CelType>> {
    const { hasParams = false, variables, objectType = celDyn, paramsType = celDyn } = this.#environment;
    const base: Readonly<Record<string, CelType>> = {
      object: objectType,
      oldObject: objectType,
      request: requestType,
      namespaceObject: namespaceType,
      authorizer: authorizerType,
      [REQUEST_RESOURCE]: resourceCheckType,
      ...(hasParams ? { params: paramsType } : {}),
    };
    if (!variables) return base;
    const fields: Record<string, CelType> = {};
    for (const { name, expression } of variables) {
      const made = this.#tried(expression, { ...base, variables: fieldsOf('kubernetes.variables', fields) });
      fields[name] = made instanceof CelSyntaxError ? celDyn : keptType(made.type);
    }
    return { ...base, variables: fieldsOf('kubernetes.variables', fields) };
  }
}

/** What is wrong with an expression where one of these types is wanted (none: any); undefined: nothing. */
export function complaintOf(
  expressions: PolicyExpressions,
  source: string,
  wanted: readonly string[],
  hasAuthorizer = true,
): string | undefined {
  try {
    const type = formatCelType(expressions.compile(source, hasAuthorizer).type).replace(/^null$/, 'null_type');
    if (wanted.length === 0 || wanted.includes(type)) return undefined;
    return `must evaluate to ${wanted.length === 1 ? wanted[0] : `one of [${wanted.join(' ')}]`} but got ${type}`;
  } catch (error) {
    if (error instanceof CelSyntaxError) return `compilation failed: ${error.message}`;
    throw error;
  }
}
