/** The API key of this tab: it goes when the tab is closed, and is in no cookie, no link and no history. */
const storageKey = 'weir.key';

export const readKey = (): string | null => sessionStorage.getItem(storageKey);
export const keepKey = (key: string): void => sessionStorage.setItem(storageKey, key);
export const forgetKey = (): void => sessionStorage.removeItem(storageKey);

/** Takes the key out of a link such as `/#key=…` and out of the address bar; false where there is none. */
export function takeKeyFromLink(): boolean {
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  if (key === null || key === '') return false;
  keepKey(key);
  history.replaceState(null, '', '/#/');
  return true;
}
