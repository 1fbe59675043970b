import type { Container } from '@navarch/api';

export type RestartAction = 'Restart' | 'RestartAllContainers';

/** What the container's own rules say of an exit code (KEP-5307, KEP-5532); undefined where none applies. */
export function ruleFor({ restartPolicyRules = [] }: Container, exitCode: number): RestartAction | undefined {
  const rule = restartPolicyRules.find(
    ({ exitCodes }) => exitCodes && (exitCodes.values ?? []).includes(exitCode) === (exitCodes.operator === 'In'),
  );
  return rule?.action as RestartAction | undefined;
}
