import type { Window } from '@weir/contracts';
import { hopIndex, hopStart, ratio } from './tile-class';
import { zoneOf } from './zone';

/** A window as whole milliseconds: `lowMs ≤ t < highMs`. */
export interface Bounds {
  /** The exact lower bound, by which events are counted against the cap. */
  lowMs: number;
  /** With the declared hop; the same as `lowMs` without one. */
  hopLowMs: number;
  highMs: number;
}

/** Fills in the bounds of a window read at `readMs`. Rows and sessions have none but the upper. */
export function boundsOf(window: Window, readMs: number, into: Bounds): void {
  switch (window.kind) {
    case 'sliding': {
      const upperMs = readMs - window.delayMs;
      const lowerMs = upperMs - window.sizeMs;
      const open = window.bounds === 'open';
      into.lowMs = open ? lowerMs + 1 : lowerMs;
      into.highMs = window.bounds === 'left' ? upperMs : upperMs + 1;
      if (window.hopMs === 1) into.hopLowMs = into.lowMs;
      else {
        const [num, den] = ratio(window.hopMs, window.sizeMs);
        into.hopLowMs = hopStart(hopIndex(lowerMs, num, den), num, den, open);
      }
      return;
    }
    case 'tumbling': case 'hopping': {
      into.highMs = window.zone === null ? Math.floor(readMs / window.slideMs) * window.slideMs : zoneOf(window.zone).floorMs(readMs, window.slideMs);
      into.lowMs = into.hopLowMs = into.highMs - window.sizeMs;
      return;
    }
    case 'calendar':
      into.lowMs = into.hopLowMs = zoneOf(window.zone).startOf(window.unit, readMs);
      into.highMs = readMs + 1;
      return;
    case 'lifetime':
      into.lowMs = into.hopLowMs = -Infinity;
      into.highMs = readMs - window.delayMs + 1;
      return;
    case 'session': case 'rows':
      into.lowMs = into.hopLowMs = -Infinity;
      into.highMs = readMs + 1;
  }
}
