import type { User } from './user.ts';

/** As reviews of authentication and of admission show a user (authentication.k8s.io/v1 UserInfo). */
export const userInfo = ({ name, uid, groups, extra }: User): object => ({
  username: name,
  ...(uid ? { uid } : {}),
  groups,
  ...(extra ? { extra } : {}),
});
