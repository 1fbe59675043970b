/** Half of a packet's priority: so many ports of services remember their clients at most, each so many endpoints. */
const NUMBER_MAX = 0xffff;

/** What stands for each endpoint, by `ADDRESS . PORT`; undefined where no numbers are left, so that nobody is remembered. */
export type NumberEnds = (port: string, ends: Iterable<string>) => ReadonlyMap<string, string> | undefined;

/** Hands out numbers in turn: one that was given back stands for another thing as late as can be. */
class Turns {
  readonly #taken = new Set<number>();
  #last = 0;

  take(): number | undefined {
    if (this.#taken.size >= NUMBER_MAX) return undefined;
    do this.#last = (this.#last % NUMBER_MAX) + 1;
    while (this.#taken.has(this.#last));
    this.#taken.add(this.#last);
    return this.#last;
  }

  giveBack(number: number): void {
    this.#taken.delete(number);
  }
}

interface NumberedPort {
  readonly number: number;
  readonly turns: Turns;
  readonly ends: Map<string, number>;
}

/**
 * Numbers of ports of services that remember their clients, and of their endpoints: `PORT:ENDPOINT`, each of four
 * hexadecimal digits at most, as nft writes the two halves of a packet's priority. An endpoint keeps its number while
 * it is there, and gets another when it comes again: who was led to it before is not led to it any more.
 */
export class ClientNumbers {
  readonly #ports = new Turns();
  readonly #byService = new Map<string, ReadonlyMap<string, NumberedPort>>();

  /** Ports and endpoints of the service that `work` does not ask for have no numbers from then on. */
  of<T>(service: string, work: (numberEnds: NumberEnds) => T): T {
    const before = this.#byService.get(service);
    const after = new Map<string, NumberedPort>();
    const made = work((name, ends) => {
      const port = after.get(name) ?? before?.get(name) ?? this.#newPort();
      if (!port) return undefined;
      after.set(name, port);
      return numbered(port, new Set(ends));
    });
    for (const [name, { number }] of before ?? []) if (!after.has(name)) this.#ports.giveBack(number);
    if (after.size > 0) this.#byService.set(service, after);
    else this.#byService.delete(service);
    return made;
  }

  #newPort(): NumberedPort | undefined {
    const number = this.#ports.take();
    return number === undefined ? undefined : { number, turns: new Turns(), ends: new Map() };
  }
}

function numbered(
  { number, turns, ends: known }: NumberedPort,
  ends: ReadonlySet<string>,
): Map<string, string> | undefined {
  for (const [end, old] of known) {
    if (ends.has(end)) continue;
    known.delete(end);
    turns.giveBack(old);
  }
  const found = new Map<string, string>();
  for (const end of ends) {
    const own = known.get(end) ?? turns.take();
    if (own === undefined) return undefined;
    known.set(end, own);
    found.set(end, `${number.toString(16)}:${own.toString(16)}`);
  }
  return found;
}
