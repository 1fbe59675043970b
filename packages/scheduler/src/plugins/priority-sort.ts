/** A pod that is ready to be tried. */
export interface Waiting {
  readonly key: string;
  readonly priority: number;
  /** Counts up: who came first. */
  readonly order: number;
}

/** Whether `a` is tried before `b`: the more important first, then who came first. */
export const prioritySort = (a: Waiting, b: Waiting): boolean =>
  a.priority > b.priority || (a.priority === b.priority && a.order < b.order);
