import { cIdentifierErrors, dnsSubdomainErrors, type Field } from '@navarch/machinery';
import { named } from '../../checks/values.ts';
import { driverName } from '../../core/v1/volume-sources.ts';

const ID_MAX = 32;
const POOL_NAME_MAX = 253;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** What a place in a map shows of a name, at most: a domain, a slash and an identifier. */
const SHOWN_MAX = 63 + 1 + ID_MAX;

/** `name` or `domain/name`, of attributes and capacities. What has more slashes nobody looks at, as upstream. */
export function attributeName(name: string, at: Field): void {
  const [first = '', second, ...rest] = name.split('/');
  if (rest.length > 0) return;
  if (second === undefined) return identifier(first, at);
  if (first) driverName(first, at);
  else at.invalid('', 'the domain must not be empty');
  if (second) identifier(second, at);
  else at.invalid('', 'the name must not be empty');
}

/** `domain/name` */
export function fullAttributeName(name: string, at: Field): void {
  attributeName(name, at);
  if (!name.includes('/')) at.invalid(name, 'a fully qualified name must be a domain and a name separated by a slash');
}

function identifier(id: string, at: Field): void {
  if (id.length > ID_MAX) at.tooLong(ID_MAX);
  named(id, cIdentifierErrors, at);
}

/** Names of nodes, or whatever else, with slashes between them. */
export function poolName(name: string, at: Field): void {
  if (!name) return at.required();
  if (name.length > POOL_NAME_MAX) at.tooLong(POOL_NAME_MAX);
  for (const part of name.split('/')) named(part, dnsSubdomainErrors, at);
}

export function shareId(id: string, at: Field): void {
  if (!UUID.test(id))
    at.invalid(
      id,
      'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
    );
}

/** The place of a map's entry; of names that are too long the middle is left out. */
export function entryOf(at: Field, name: string, max = SHOWN_MAX): Field {
  if (name.length <= max) return at.key(name);
  const rest = max - 3;
  return at.key(`${name.slice(0, Math.floor((rest + 1) / 2))}...${name.slice(name.length - Math.floor(rest / 2))}`);
}
