import { useSyncExternalStore } from 'react';

export type Route =
  | { readonly page: 'live' }
  | { readonly page: 'decisions'; readonly query: URLSearchParams }
  | { readonly page: 'decision'; readonly id: string }
  | { readonly page: 'transaction'; readonly id: string }
  | { readonly page: 'review' }
  | { readonly page: 'case'; readonly id: string }
  | { readonly page: 'entity'; readonly type: string; readonly id: string }
  | { readonly page: 'alerts' }
  | { readonly page: 'models' }
  | { readonly page: 'drift' }
  | { readonly page: 'lineage'; readonly of: string | undefined }
  | { readonly page: 'verification' }
  | { readonly page: 'patterns' }
  | { readonly page: 'pattern'; readonly name: string; readonly entity: string | undefined }
  | { readonly page: 'unknown' };

/** Where the page is: the part of the address after `#`. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return parseRoute(hash);
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page = '', id, more] = path.split('/');
  if (page === '') return { page: 'live' };
  if (page === 'transactions' && id !== undefined && id !== '') return { page: 'transaction', id: decodeURIComponent(id) };
  if (page === 'review') return id === undefined || id === '' ? { page: 'review' } : { page: 'case', id: decodeURIComponent(id) };
  if (page === 'entities' && id !== undefined && more !== undefined && more !== '') return { page: 'entity', type: decodeURIComponent(id), id: decodeURIComponent(more) };
  if (page === 'alerts' || page === 'models' || page === 'drift' || page === 'verification') return { page };
  if (page === 'lineage') return { page, of: new URLSearchParams(query).get('of') ?? undefined };
  if (page === 'patterns') return id === undefined || id === '' ? { page: 'patterns' } : { page: 'pattern', name: decodeURIComponent(id), entity: new URLSearchParams(query).get('entity') ?? undefined };
  if (page !== 'decisions') return { page: 'unknown' };
  return id === undefined || id === '' ? { page: 'decisions', query: new URLSearchParams(query) } : { page: 'decision', id: decodeURIComponent(id) };
}

export const hrefOfDecision = (id: string): string => `#/decisions/${encodeURIComponent(id)}`;
export const hrefOfTransaction = (id: string): string => `#/transactions/${encodeURIComponent(id)}`;
export const hrefOfCase = (id: string): string => `#/review/${encodeURIComponent(id)}`;
export const hrefOfEntity = (type: string, id: string): string => `#/entities/${encodeURIComponent(type)}/${encodeURIComponent(id)}`;
export const hrefOfPattern = (name: string, entity?: string): string => `#/patterns/${encodeURIComponent(name)}${entity === undefined ? '' : `?${new URLSearchParams({ entity }).toString()}`}`;
export const hrefOfLineage = (of?: string): string => `#/lineage${of === undefined ? '' : `?${new URLSearchParams({ of }).toString()}`}`;
export const hrefOfSearch = (query: Readonly<Record<string, string>>): string => `#/decisions?${new URLSearchParams(query).toString()}`;

function subscribe(changed: () => void): () => void {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
}
