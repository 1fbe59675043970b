import type { Condition, Route } from '../model.ts';
import type { Options } from './annotations.ts';

const TOTAL = 100;

/** A route and its canary: by a header, else by a cookie, else by share, as ingress-nginx asks. */
export function canaryRoutes(main: Route, canary: Route, options: Options): readonly Route[] {
  const [header, cookie] = [options['canary-by-header'], options['canary-by-cookie']];
  const to = (route: Route, ...conditions: readonly Condition[]): Route => ({
    ...main,
    targets: route.targets,
    owner: route.owner,
    // Before what asks for nothing, which the older one's age would otherwise decide.
    since: main.since,
    conditions,
  });
  const routes: Route[] = [];
  if (header !== undefined)
    routes.push(...byHeader(header, options, (is, condition) => to(is ? canary : main, condition)));
  if (cookie !== undefined)
    routes.push(
      to(canary, { of: 'cookie', name: cookie, type: 'exact', value: 'always' }),
      to(main, { of: 'cookie', name: cookie, type: 'exact', value: 'never' }),
    );
  const total = options['canary-weight-total'] ?? TOTAL;
  const share = Math.min(options['canary-weight'] ?? 0, total);
  const targets = [
    ...main.targets.map((target) => ({ ...target, weight: total - share })),
    ...canary.targets.map((target) => ({ ...target, weight: share })),
  ];
  return [...routes, { ...main, targets: targets.filter(({ weight }) => weight > 0) }];
}

function byHeader(
  name: string,
  options: Options,
  to: (isCanary: boolean, condition: Condition) => Route,
): readonly Route[] {
  const [value, pattern] = [options['canary-by-header-value'], options['canary-by-header-pattern']];
  const header = { of: 'header', name } as const;
  if (value !== undefined) return [to(true, { ...header, type: 'exact', value })];
  if (pattern !== undefined) return [to(true, { ...header, type: 'regex', value: pattern })];
  return [
    to(true, { ...header, type: 'exact', value: 'always' }),
    to(false, { ...header, type: 'exact', value: 'never' }),
  ];
}
