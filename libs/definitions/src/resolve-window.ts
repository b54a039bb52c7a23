import { parseDurationMs } from './duration';
import type { Window } from './definition-set';
import type { ReadFeature, ReadWindow } from './document-schema';
import type { Report } from './report';

/** The hop of a hot entity's sliding window where none is written: W/60, which may be a fraction of ms, at least 1 ms (which is exact). */
const hotHopMs = (sizeMs: number): number => Math.max(1, sizeMs / 60);

/** A feature's windows with the end of the name each gives: `windows: [5m]` gives `_5m`, everything else nothing. */
export function resolveWindows(read: ReadFeature, options: { readonly hot: boolean; readonly report: Report }): { readonly suffix: string; readonly window: Window }[] {
  const { report } = options;
  if (read.windows !== undefined && read.window !== undefined) report(['windows'], 'window or windows, not both', 'both');
  const spread = read.windows?.map((written) => ({ suffix: `_${written}`, window: sliding(read, parseDurationMs(written) ?? 1, options.hot) }));
  const resolved = spread ?? [{ suffix: '', window: resolveWindow(read, read.window, options.hot) }];
  const kind = resolved[0]?.window.kind ?? 'lifetime';
  if (kind !== 'sliding') {
    for (const parameter of ['bounds', 'hop'] as const) if (read[parameter] !== undefined) report([parameter], `${parameter} on a sliding window`, `a ${kind} window`);
  }
  if (read.delay !== undefined && kind !== 'sliding' && kind !== 'lifetime') report(['delay'], 'delay on a sliding window or on none', `a ${kind} window`);
  return resolved;
}

function resolveWindow(read: ReadFeature, written: ReadWindow | undefined, hot: boolean): Window {
  if (written === undefined) return { kind: 'lifetime', delayMs: read.delay ?? 0 };
  if (typeof written === 'number') return sliding(read, written, hot);
  if ('last' in written) return { kind: 'rows', last: written.last };
  switch (written.kind) {
    case 'sliding': return sliding(read, written.size, hot);
    case 'tumbling': return { kind: 'tumbling', sizeMs: written.size, slideMs: written.size, zone: written.zone ?? null };
    case 'hopping': return { kind: 'hopping', sizeMs: written.size, slideMs: written.slide, zone: written.zone ?? null };
    case 'session': return { kind: 'session', gapMs: written.gap };
    case 'day': case 'week': case 'month': return { kind: 'calendar', unit: written.kind, zone: written.zone ?? 'UTC' };
    case 'lifetime': return { kind: 'lifetime', delayMs: read.delay ?? 0 };
  }
}

const sliding = (read: ReadFeature, sizeMs: number, hot: boolean): Window => ({
  kind: 'sliding', sizeMs, bounds: read.bounds ?? 'open', delayMs: read.delay ?? 0,
  hopMs: read.hop === 'exact' ? 1 : read.hop === 'W/60' || (read.hop === undefined && hot) ? hotHopMs(sizeMs) : read.hop ?? 1,
});

/** How far back a window can look, delay included; Infinity for every kind that has no fixed reach. */
export const slidingReachMs = (window: Window): number => (window.kind === 'sliding' ? window.sizeMs + window.delayMs : Infinity);
