import { useCallback, useEffect, useState } from 'react';
import { complaintOf } from '../api/client';

export interface Page<T> { readonly items: readonly T[]; readonly next: string | null }

export interface Pages<T> {
  /** undefined while the first page is on its way. */
  readonly found: Page<T> | undefined;
  /** Why something that was asked of the gateway failed; gone with another list. */
  readonly complaint: string | undefined;
  readonly fail: (error: unknown) => void;
  readonly more: () => void;
  readonly replace: (isIt: (item: T) => boolean, item: T) => void;
}

/** A list read page by page, from its beginning when `load` is another one. `load` is kept by `useCallback`. */
export function usePages<T>(load: (cursor: string | undefined) => Promise<Page<T>>): Pages<T> {
  const [found, setFound] = useState<Page<T>>();
  const [complaint, setComplaint] = useState<string>();
  const fail = useCallback((error: unknown) => setComplaint(complaintOf(error)), []);
  useEffect(() => {
    let here = true;
    setFound(undefined);
    setComplaint(undefined);
    load(undefined).then((page) => { if (here) setFound(page); }, (error: unknown) => { if (here) fail(error); });
    return () => { here = false; };
  }, [load, fail]);

  const more = (): void => {
    if (found?.next === undefined || found.next === null) return;
    load(found.next).then((page) => setFound((now) => (now === found ? { items: [...found.items, ...page.items], next: page.next } : now)), fail);
  };
  const replace = (isIt: (item: T) => boolean, item: T): void => setFound((before) => before && { ...before, items: before.items.map((one) => (isIt(one) ? item : one)) });
  return { found, complaint, fail, more, replace };
}
