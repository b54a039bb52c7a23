/** Where the stage's state is in the store. `!` sorts before every group. */
export const metaKey = 'cep/!meta';
export const setKey = (setId: string): string => `cep/!set/${setId}`;
export const statePrefix = (groupId: string): string => `cep/${groupId}/`;
