import type { Files } from '../ports.ts';
import type { Login } from './credentials.ts';
import { fullReference } from './reference.ts';
import { writeWhole } from '../write-whole.ts';

/** Where the records are, below the kubelet's folder. */
export const pullRecordsDir = (root: string): string => `${root}/image_manager`;

export interface PullRecordsDeps {
  readonly files: Files;
  /** A folder of its own. */
  readonly dir: string;
}

/** Which logins have fetched an image, under one of its names. */
interface Access {
  /** It was fetched without any: every pod may use it. */
  readonly isOpen: boolean;
  /** Secrets, as `uid`. */
  readonly secrets: readonly string[];
}

const UNREADABLE = 'unreadable';
const NOBODY: Access = { isOpen: false, secrets: [] };

interface PullRecord {
  readonly image: string;
  readonly access: Readonly<Record<string, Access>>;
}

interface Claim {
  readonly logins: readonly Login[];
  /** What nobody here fetched is for everyone. */
  readonly isPreloadedFree: boolean;
}

/**
 * Who may use an image that is on the machine already (KEP-2535): one that was fetched with a login may be used by pods
 * that have that login, others must ask the registry. An image that nobody here fetched was put there for everyone, unless the node has it otherwise.
 * What was fetched is remembered across restarts; of logins only which secrets they were in.
 */
export class PullRecords {
  readonly #deps: PullRecordsDeps;
  /** Logins that have worked since this kubelet began, by image: the same login may be in secrets of other namespaces. */
  readonly #known = new Map<string, Set<string>>();

  /** Which files there are, by folder: nobody else writes here, and most images have none. */
  readonly #names = new Map<Folder, Promise<Set<string>>>();
  /** Names of records whose image was not there at the last look. */
  #unknown: ReadonlySet<string> = new Set();

  constructor(deps: PullRecordsDeps) {
    this.#deps = deps;
  }

  async mayUse(id: string, image: string, { logins, isPreloadedFree }: Claim): Promise<boolean> {
    const record = await this.#read(id);
    if (record === UNREADABLE) return false;
    const access = record?.access[nameOf(image)];
    // Under this name nobody here fetched it. But a pull that did not come to its end may have left it without a record.
    if (!access) return isPreloadedFree && !(await this.#namesIn('pulling')).has(pullingName(image));
    const isKnown = (login: Login): boolean =>
      access.secrets.includes(login.secretUid) || this.#known.get(id)?.has(textOf(login)) === true;
    return access.isOpen || logins.some(isKnown);
  }

  /** Forgets images that were not there at two looks in a row: one that is just being fetched may not be listed yet. */
  async prune(ids: readonly string[]): Promise<void> {
    const wanted = new Set(ids.map(fileName));
    const unknown = [...(await this.#namesIn('pulled'))].filter((name) => !wanted.has(name));
    for (const name of unknown) if (this.#unknown.has(name)) await this.#remove('pulled', name);
    this.#unknown = new Set(unknown);
  }

  /** Before a pull. */
  async begin(image: string): Promise<void> {
    const { files } = this.#deps;
    const name = pullingName(image);
    await files.makeDir(this.#path('pulling'), 0o700);
    (await this.#namesIn('pulling')).add(name);
    await files.write(this.#path('pulling', name), image, { mode: 0o600 });
  }

  /** After it, however it ended; `got` when it brought the image. */
  async end(image: string, got?: { readonly id: string; readonly login: Login | undefined }): Promise<void> {
    if (got) await this.#add(image, got.id, got.login);
    await this.#remove('pulling', pullingName(image));
  }

  async #remove(folder: Folder, name: string): Promise<void> {
    await this.#deps.files.removeTree(this.#path(folder, name));
    (await this.#namesIn(folder)).delete(name);
  }

  async #add(image: string, id: string, login: Login | undefined): Promise<void> {
    const { files } = this.#deps;
    const record = await this.#read(id);
    const before = typeof record === 'object' ? record.access : {};
    const { isOpen, secrets } = before[nameOf(image)] ?? NOBODY;
    const access: Access = {
      isOpen: isOpen || login === undefined,
      secrets: [...new Set([...secrets, ...(login ? [login.secretUid] : [])])],
    };
    if (login) this.#known.set(id, (this.#known.get(id) ?? new Set()).add(textOf(login)));
    const next: PullRecord = { image: id, access: { ...before, [nameOf(image)]: access } };
    await files.makeDir(this.#path('pulled'), 0o700);
    (await this.#namesIn('pulled')).add(fileName(id));
    // In one step: a record that is cut short would open the image to everyone.
    await writeWhole(files, this.#path('pulled', fileName(id)), JSON.stringify(next));
  }

  async #read(id: string): Promise<PullRecord | typeof UNREADABLE | undefined> {
    if (!(await this.#namesIn('pulled')).has(fileName(id))) return undefined;
    const text = await this.#deps.files.readText(this.#path('pulled', fileName(id)));
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as PullRecord;
    } catch {
      return UNREADABLE; // Cut short when the machine lost its power: nobody is known to have fetched it.
    }
  }

  /** Resolves to the names as they are now: who changes the folder changes them. */
  async #namesIn(folder: Folder): Promise<Set<string>> {
    const known = this.#names.get(folder);
    if (known) return known;
    const read = this.#deps.files.list(this.#path(folder)).then((names) => new Set(names));
    this.#names.set(folder, read);
    // Nobody is told that there is no record of an image because a disk did not answer once.
    read.catch(() => this.#names.delete(folder));
    return read;
  }

  #path(folder: Folder, name?: string): string {
    return [this.#deps.dir, folder, ...(name === undefined ? [] : [name])].join('/');
  }
}

/** Of pulls that have come to their end, and of those that have not. */
type Folder = 'pulled' | 'pulling';

const pullingName = (image: string): string => fileName(fullReference(image));

/** The image without tag and digest: a login is good for a repository. */
const nameOf = (image: string): string =>
  fullReference(image)
    .replace(/@.*$/, '')
    .replace(/:[^/]+$/, '');

const textOf = ({ auth }: Login): string =>
  JSON.stringify([auth.username, auth.password, auth.identityToken, auth.registryToken]);

/** Any text as the name of a file: its end, which tells most, and a number from all of it. */
function fileName(text: string): string {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ (text.charCodeAt(i) + 31), 0x85ebca6b);
  }
  const hash = [a, b].map((n) => (n >>> 0).toString(16).padStart(8, '0')).join('');
  return `${text.replace(/[^a-zA-Z0-9.-]/g, '_').slice(-100)}-${hash}`;
}
