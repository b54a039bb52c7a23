import type { List } from '@weir/definitions';
import { canonicalNetwork, parseAddress } from './address';
import { CidrIndex } from './cidr-index';
import { holdsAt, type ListEntry } from './entries';

/** How values of a list are spelled so that equal ones are one: emails trimmed and in lower case, networks in their one spelling. */
export function normalisedValue(match: List['match'], value: string): string {
  if (match === 'email') return value.trim().toLowerCase();
  return match === 'cidr' ? canonicalNetwork(value) ?? value : value;
}

/** The entries of one list by normalised value. */
export class ListContents {
  readonly entriesByValue = new Map<string, readonly ListEntry[]>();
  private readonly networks: CidrIndex<readonly ListEntry[]> | undefined;

  constructor(readonly match: List['match']) {
    this.networks = match === 'cidr' ? new CidrIndex() : undefined;
  }

  set(value: string, entries: readonly ListEntry[]): void {
    if (entries.length === 0) {
      this.entriesByValue.delete(value);
      this.networks?.delete(value);
      return;
    }
    this.entriesByValue.set(value, entries);
    this.networks?.set(value, entries);
  }

  /** undefined when a value that is no address is asked of a cidr list. */
  holds(value: string, atMs: number): boolean | undefined {
    if (this.networks) return this.entriesByValue.size === 0 && parseAddress(value) ? false : this.networks.some(value, (entries) => holdsAt(entries, atMs));
    if (this.entriesByValue.size === 0) return false;
    const entries = this.entriesByValue.get(this.match === 'email' ? value.trim().toLowerCase() : value);
    return entries !== undefined && holdsAt(entries, atMs);
  }
}
