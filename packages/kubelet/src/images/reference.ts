/** `docker.io/library/nginx:latest` for nginx: what a reference without a registry or a tag means. */
export function fullReference(image: string): string {
  const at = image.indexOf('@');
  const name = withRegistry(at < 0 ? image : image.slice(0, at));
  if (at >= 0) return `${name}${image.slice(at)}`;
  return TAG.test(name) ? name : `${name}:latest`;
}

const TAG = /:[^/]+$/;

function withRegistry(name: string): string {
  const slash = name.indexOf('/');
  if (slash < 0) return `docker.io/library/${name}`;
  const first = name.slice(0, slash);
  if (first === 'index.docker.io') return withRegistry(`docker.io/${name.slice(slash + 1)}`);
  if (first === 'docker.io')
    return name.indexOf('/', slash + 1) < 0 ? `docker.io/library/${name.slice(slash + 1)}` : name;
  const isRegistry = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  return isRegistry ? name : `docker.io/${name}`;
}

// The grammar of the OCI distribution project's references.
const DOMAIN = String.raw`(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\]`;
const COMPONENT = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`;
const DIGEST = String.raw`[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}`;
const REFERENCE = new RegExp(
  String.raw`^(?:(?:${DOMAIN})(?::\d+)?/)?${COMPONENT}(?:/${COMPONENT})*(?::[\w][\w.-]{0,127})?(?:@${DIGEST})?$`,
);
const NAME_LENGTH_MAX = 255;

/** What is wrong with an image reference, in the words of the library that runtimes use; undefined when nothing is. */
export function referenceProblem(image: string): string | undefined {
  if (REFERENCE.test(image)) {
    const name = image.replace(/@.*$/, '').replace(TAG, '');
    if (/^[a-f0-9]{64}$/.test(image))
      return `invalid repository name (${image}), cannot specify 64-byte hexadecimal strings`;
    return name.length > NAME_LENGTH_MAX
      ? `repository name must not be more than ${NAME_LENGTH_MAX} characters`
      : undefined;
  }
  return REFERENCE.test(image.toLowerCase()) && image !== ''
    ? 'invalid reference format: repository name must be lowercase'
    : 'invalid reference format';
}
