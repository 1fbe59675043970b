import type { Pod } from '@navarch/api';
import { type NodeDirs, podDir } from '../container-config.ts';
import type { IDMapping } from '../cri/index.ts';
import type { Files } from '../ports.ts';
import { writeWhole } from '../write-whole.ts';
import { IDS_UNIT, type IdRange, mappingsOf } from './id-range.ts';

export interface UserIdsDeps {
  readonly files: Pick<Files, 'list' | 'readText' | 'write' | 'makeDir' | 'rename'>;
  readonly dirs: NodeDirs;
  /** Ids that each pod gets (KubeletConfiguration.userNamespaces.idsPerPod): a multiple of 65,536. */
  readonly idsPerPod: number;
  readonly podsMax: number;
}

/** As upstream's kubelet keeps it in the pod's folder. */
interface Recorded {
  readonly uidMappings: readonly IDMapping[];
}

const RECORD = 'userns';
/** Whose subordinate ids pods have, where the node says. */
const OWNER = 'kubelet';

/**
 * Gives pods with users of their own (`hostUsers: false`, KEP-127) ranges of the node's ids that nobody else has. Which
 * are taken is what the folders of pods say: a range is free again with the folder of its pod, and no restart forgets one.
 */
export class UserIds {
  readonly #deps: UserIdsDeps;
  /** The last of those who choose: one at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: UserIdsDeps) {
    this.#deps = deps;
  }

  /** The range of a pod: the same for as long as it lives; undefined for one with the node's users. Rejects when none is left. */
  of({ spec, metadata }: Pod): Promise<IdRange | undefined> {
    if (spec.hostUsers !== false) return Promise.resolve(undefined);
    const chosen = this.#turn.then(() => this.#choose(metadata.uid));
    this.#turn = chosen.catch(() => undefined);
    return chosen;
  }

  async #choose(uid: string): Promise<IdRange> {
    const { files, dirs, idsPerPod } = this.#deps;
    const known = await this.#recorded(uid);
    if (known) return known;
    const taken = new Set<number>();
    for (const other of await files.list(`${dirs.root}/pods`)) {
      const range = await this.#recorded(other);
      for (let at = 0; range && at < range.count; at += IDS_UNIT) taken.add(range.first + at);
    }
    const { first, count } = await this.#available();
    for (let at = first; at + idsPerPod <= first + count; at += idsPerPod) {
      const range = { first: at, count: idsPerPod };
      if (unitsOf(range).some((unit) => taken.has(unit))) continue;
      const mappings = mappingsOf(range);
      await files.makeDir(podDir(dirs, uid), 0o755);
      await writeWhole(
        files,
        `${podDir(dirs, uid)}/${RECORD}`,
        JSON.stringify({ uidMappings: mappings, gidMappings: mappings }),
      );
      return range;
    }
    throw new Error('could not find an empty slot to allocate a user namespace');
  }

  async #recorded(uid: string): Promise<IdRange | undefined> {
    const text = await this.#deps.files.readText(`${podDir(this.#deps.dirs, uid)}/${RECORD}`);
    if (text === undefined) return undefined;
    const [mapping] = (JSON.parse(text) as Recorded).uidMappings;
    return mapping && { first: mapping.hostId, count: mapping.length };
  }

  /** What the node's administrator gave the kubelet, else the ids after the first 65,536 for as many pods as may be here. */
  async #available(): Promise<IdRange> {
    const { files, idsPerPod, podsMax } = this.#deps;
    const uids = subordinateOf((await files.readText('/etc/subuid')) ?? '');
    if (!uids) return { first: IDS_UNIT, count: podsMax * idsPerPod };
    const gids = subordinateOf((await files.readText('/etc/subgid')) ?? '');
    if (gids?.first !== uids.first || gids.count !== uids.count)
      throw new Error(`mapping for user ${OWNER} in /etc/subuid and /etc/subgid is not the same`);
    if (uids.first === 0 || uids.first % IDS_UNIT !== 0)
      throw new Error(`user namespaces must start at a multiple of ${IDS_UNIT}, and not at 0: ${uids.first}`);
    return uids;
  }
}

function unitsOf({ first, count }: IdRange): readonly number[] {
  return Array.from({ length: count / IDS_UNIT }, (_, i) => first + i * IDS_UNIT);
}

/** The range of a line `kubelet:FIRST:COUNT` (subuid(5)). */
function subordinateOf(text: string): IdRange | undefined {
  const [, first, count] = new RegExp(`^${OWNER}:(\\d+):(\\d+)$`, 'm').exec(text) ?? [];
  return first === undefined ? undefined : { first: Number(first), count: Number(count) };
}
