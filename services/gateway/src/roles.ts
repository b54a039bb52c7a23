/** What a key may do. A key has one or several; `admin` has all. */
export const roles = ['read', 'decide', 'edit', 'replay', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Who asks. */
export interface Principal {
  readonly keyId: string;
  /** Name of the key; what audit calls `by`. */
  readonly name: string;
  readonly roles: readonly Role[];
}

export const hasRole = (principal: Principal, role: Role): boolean => principal.roles.includes(role) || principal.roles.includes('admin');
