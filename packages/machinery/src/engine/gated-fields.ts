import type { FieldSchema, ObjectSchema, Schema } from '../schema.ts';

/** Where fields of a schema belong to features, and nothing else of it. */
interface Plan {
  readonly gated: readonly Gated[];
  readonly inner: readonly Inner[];
}

interface Gated {
  readonly name: string;
  readonly feature: string;
  readonly takes: 'field' | 'whole';
}

interface Inner {
  readonly name: string;
  /** How many lists or maps are around what the plan is of, from the outside. */
  readonly around: readonly ('list' | 'map')[];
  readonly plan: Plan;
}

type Holder = Record<string, unknown>;

const plans = new WeakMap<ObjectSchema, Plan>();

/** Every feature that fields of an object of this schema belong to. */
export function featuresOf(schema: ObjectSchema): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<Plan>();
  const collect = (plan: Plan): void => {
    if (seen.has(plan)) return;
    seen.add(plan);
    for (const { feature } of plan.gated) found.add(feature);
    for (const { plan: inner } of plan.inner) collect(inner);
  };
  collect(planOf(schema));
  return found;
}

/**
 * Takes from `next`, in place, the fields of features that are off (upstream's dropDisabledFields), but for those of
 * which `previous` has some: what was written while they were on must not be lost by a write of something else.
 */
export function dropDisabled(
  schema: ObjectSchema,
  next: object,
  previous: object | undefined,
  isOn: (feature: string) => boolean,
): void {
  const plan = planOf(schema);
  // On the way of every write, and nearly always the answer is no.
  if (!holdsOff(plan, next as Holder, previous as Holder | undefined, isOn)) return;
  const off = new Set<string>();
  for (const feature of featuresOf(schema))
    if (!isOn(feature) && !(previous && isUsed(plan, previous as Holder, feature))) off.add(feature);
  drop(plan, next as Holder, off);
}

/**
 * Whether there is a field that belongs to a feature that is off. What is the very same in `previous` has none that would
 * go: its features are in use there.
 */
function holdsOff(
  { gated, inner }: Plan,
  holder: Holder,
  previous: Holder | undefined,
  isOn: (feature: string) => boolean,
): boolean {
  for (const { name, feature } of gated) if (holder[name] !== undefined && !isOn(feature)) return true;
  for (const part of inner) {
    const value = holder[part.name];
    if (typeof value !== 'object' || value === null || value === previous?.[part.name]) continue;
    if (partHoldsOff(value, part, 0, isOn)) return true;
  }
  return false;
}

function partHoldsOff(value: unknown, part: Inner, depth: number, isOn: (feature: string) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === part.around.length) return holdsOff(part.plan, value as Holder, undefined, isOn);
  const items = part.around[depth] === 'list' ? (value as readonly unknown[]) : Object.values(value);
  for (const item of items) if (partHoldsOff(item, part, depth + 1, isOn)) return true;
  return false;
}

/** A feature that takes whole objects is in use where such an object is. */
function isUsed(plan: Plan, holder: Holder, feature: string): boolean {
  if (
    plan.gated.some(
      (gated) => gated.feature === feature && (gated.takes === 'whole' || holder[gated.name] !== undefined),
    )
  )
    return true;
  let used = false;
  for (const { name, around, plan: inner } of plan.inner)
    each(holder[name], around, 0, (part) => {
      used ||= isUsed(inner, part, feature);
    });
  return used;
}

/** True when the holder itself is to go. */
function drop(plan: Plan, holder: Holder, off: ReadonlySet<string>): boolean {
  for (const { name, feature, takes } of plan.gated) {
    if (!off.has(feature) || holder[name] === undefined) continue;
    if (takes === 'whole') return true;
    delete holder[name];
  }
  for (const { name, around, plan: inner } of plan.inner)
    each(holder[name], around, 0, (part) => {
      if (drop(inner, part, off)) delete holder[name];
    });
  return false;
}

/** What is in the lists and maps around it. */
function each(value: unknown, around: Inner['around'], depth: number, take: (part: Holder) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth === around.length) take(value as Holder);
  else
    for (const part of around[depth] === 'list' ? (value as readonly unknown[]) : Object.values(value))
      each(part, around, depth + 1, take);
}

function planOf(schema: ObjectSchema): Plan {
  let plan = plans.get(schema);
  if (!plan) {
    const [gated, inner]: [Gated[], Inner[]] = [[], []];
    // A type that contains itself finds this while it is being made.
    plans.set(schema, (plan = { gated, inner }));
    for (const field of schema.fields) {
      if (field.gate) gated.push({ name: field.name, ...field.gate });
      const part = innerOf(field);
      if (part) inner.push(part);
    }
  }
  return plan;
}

function innerOf({ name, schema }: FieldSchema): Inner | undefined {
  const around: ('list' | 'map')[] = [];
  let of: Schema = schema;
  while (of.type === 'list' || of.type === 'map') {
    around.push(of.type);
    const held: Schema = of.type === 'list' ? of.items : of.values;
    // Of a value that may be anything nothing is known, however deep one looks.
    if (held === of) return undefined;
    of = held;
  }
  if (of.type !== 'object') return undefined;
  const plan = planOf(of);
  return plan.gated.length > 0 || plan.inner.length > 0 ? { name, around, plan } : undefined;
}
