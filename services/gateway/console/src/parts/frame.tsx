import { useSyncExternalStore, type ReactNode } from 'react';
import type { Connection, LiveStore } from '../live/live-store';
import { useRoute, type Route } from '../route';
import { Mark } from './mark';
import { ThemeButton } from './theme-button';

/** The pages there are, in the order of the navigation. */
const pages: ReadonlyArray<{ readonly href: string; readonly title: string; readonly holds: (route: Route) => boolean }> = [
  { href: '#/', title: 'Live', holds: ({ page }) => page === 'live' },
  { href: '#/review', title: 'Review', holds: ({ page }) => page === 'review' || page === 'case' },
  { href: '#/alerts', title: 'Alerts', holds: ({ page }) => page === 'alerts' },
  { href: '#/decisions', title: 'Decisions', holds: ({ page }) => page === 'decisions' || page === 'decision' || page === 'transaction' || page === 'entity' },
  { href: '#/models', title: 'Models', holds: ({ page }) => page === 'models' },
  { href: '#/drift', title: 'Drift', holds: ({ page }) => page === 'drift' },
  { href: '#/lineage', title: 'Lineage', holds: ({ page }) => page === 'lineage' },
  { href: '#/verification', title: 'Verification', holds: ({ page }) => page === 'verification' },
  { href: '#/patterns', title: 'Patterns', holds: ({ page }) => page === 'patterns' || page === 'pattern' },
];

const connectionWords: Readonly<Record<Connection, string>> = { connecting: 'connecting', live: 'live', lost: 'connection lost, trying again', refused: 'this key may not read' };

export function Frame({ live, onSignOut, children }: { live: LiveStore; onSignOut: () => void; children: ReactNode }): ReactNode {
  const route = useRoute();
  const { connection, readiness } = useSyncExternalStore(live.subscribe, live.read);
  const missing = readiness?.missing ?? [];
  return (
    <>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>Skip to content</a>
      <header className="bar">
        <a className="brand" href="#/"><Mark /> Weir</a>
        <nav aria-label="Pages">
          {pages.map(({ href, title, holds }) => <a key={href} href={href} aria-current={holds(route) ? 'page' : undefined}>{title}</a>)}
        </nav>
        <span className="bar-end">
          <span className={`connection ${connection}`} role="status">{connectionWords[connection]}</span>
          <a href="/docs">API</a>
          <ThemeButton />
          <button type="button" className="quiet" onClick={onSignOut}>Sign out</button>
        </span>
      </header>
      {missing.length > 0 && <p className="banner" role="alert">Not ready: {missing.map(({ name, why }) => `${name} (${why})`).join(', ')}</p>}
      <main id="main" tabIndex={-1}>{children}</main>
    </>
  );
}
