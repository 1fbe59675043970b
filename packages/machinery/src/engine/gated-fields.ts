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
export function dropDisabled(schema: ObjectSchema, next: object, previous: object | undefined, isOn: (feature: string) => boolean): void {
  const plan = planOf(schema);
  const off = new Set<string>();
  visit(plan, next as Holder, ({ feature }) => { if (!isOn(feature)) off.add(feature); });
  if (off.size === 0) return;
  if (previous) for (const feature of off) if (isUsed(plan, previous as Holder, feature)) off.delete(feature);
  drop(plan, next as Holder, off);
}

/** Tells of every field there is that belongs to a feature. */
function visit(plan: Plan, holder: Holder, found: (gated: Gated, holder: Holder) => void): void {
  for (const gated of plan.gated) if (holder[gated.name] !== undefined) found(gated, holder);
  for (const { name, around, plan: inner } of plan.inner) each(holder[name], around, 0, (part) => visit(inner, part, found));
}

/** A feature that takes whole objects is in use where such an object is. */
function isUsed(plan: Plan, holder: Holder, feature: string): boolean {
  if (plan.gated.some((gated) => gated.feature === feature && (gated.takes === 'whole' || holder[gated.name] !== undefined))) return true;
  let used = false;
  for (const { name, around, plan: inner } of plan.inner) each(holder[name], around, 0, (part) => { used ||= isUsed(inner, part, feature); });
  return used;
}

/** True when the holder itself is to go. */
function drop(plan: Plan, holder: Holder, off: ReadonlySet<string>): boolean {
  for (const { name, feature, takes } of plan.gated) {
    if (!off.has(feature) || holder[name] === undefined) continue;
    if (takes === 'whole') return true;
    delete holder[name];
  }
  for (const { name, around, plan: inner } of plan.inner) each(holder[name], around, 0, (part) => { if (drop(inner, part, off)) delete holder[name]; });
  return false;
}

/** What is in the lists and maps around it. */
function each(value: unknown, around: Inner['around'], depth: number, take: (part: Holder) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth === around.length) take(value as Holder);
  else for (const part of around[depth] === 'list' ? (value as readonly unknown[]) : Object.values(value)) each(part, around, depth + 1, take);
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
