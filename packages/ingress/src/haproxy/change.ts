import { type EngineConfig, structureOf } from './config.ts';
import { isCertificate, type Place } from './line.ts';

/** What it takes to come from one configuration to another. */
export interface ConfigChange {
  /** Whether a process has to read the new one: endpoints come and go, and certificates are renewed, without. */
  readonly isOther: boolean;
  /** What processes that run are told, by the names that they know. Those whom they have not got are no matter. */
  readonly commands: readonly string[];
  /** Certificates, by their files, that say something else than before. */
  readonly renewed: ReadonlyMap<string, string>;
}

export function changeBetween(running: EngineConfig | undefined, next: EngineConfig): ConfigChange {
  const before = new Map(running ? placesOf(running).map((place) => [nameOf(place), place]) : []);
  const commands = placesOf(next).flatMap((place) => {
    const held = before.get(nameOf(place));
    return held ? commandsFor(held, place) : [];
  });
  const isOther = !running || structureOf(running) !== structureOf(next);
  return { isOther, commands, renewed: new Map(isOther ? [] : renewedBetween(running, next)) };
}

const renewedBetween = (running: EngineConfig, next: EngineConfig): readonly (readonly [string, string])[] =>
  [...next.files].filter(([name, text]) => isCertificate(name) && running.files.get(name) !== text);

const nameOf = ({ backend, slot }: Place): string => `${backend}/${slot}`;
const placesOf = ({ lines }: EngineConfig): readonly Place[] => lines.flatMap(({ server }) => server ?? []);

function commandsFor({ endpoint: held }: Place, place: Place): readonly string[] {
  const { endpoint } = place;
  if (held?.address === endpoint?.address && held?.port === endpoint?.port) return [];
  const server = nameOf(place);
  // Who is in the middle of an answer may end it.
  if (!endpoint) return [`set server ${server} state maint`];
  const move = `set server ${server} addr ${endpoint.address} port ${endpoint.port}`;
  // A place that changes hands takes nothing new while it does: the change is not one step.
  return [...(held ? [`set server ${server} state maint`] : []), move, `set server ${server} state ready`];
}
