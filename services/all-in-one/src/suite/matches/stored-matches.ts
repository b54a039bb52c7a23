import type { MatchEvent, Matches, Page, PageRequest } from '@weir/gateway';
import type { EventLog } from '@weir/ports';
import { newestFirst } from '../topic-pages';
import { decodeMatch } from './match-record';

export interface StoredMatchesOptions {
  readonly log: EventLog;
  /** A key as it is kept. */
  readonly tokenOf: (entity: string, key: string) => string;
  readonly standing: Matches['standing'];
  /** Resolves when the matches of decisions that callers were told of are written. */
  readonly settled: () => Promise<void>;
}

/** The topic read from its end. */
export class StoredMatches implements Matches {
  constructor(private readonly options: StoredMatchesOptions) {}

  get standing(): Matches['standing'] { return this.options.standing; }

  async list({ pattern, kind, entity, fromMs = -Infinity, toMs = Infinity }: Parameters<Matches['list']>[0], page: PageRequest): Promise<Page<MatchEvent>> {
    const key = entity && this.options.tokenOf(entity.type, entity.key);
    await this.options.settled();
    return newestFirst(this.options.log, 'matches', page, (record) => {
      if (pattern !== undefined && record.headers['ce_subject'] !== pattern) return undefined;
      if (key !== undefined && record.key !== key) return undefined;
      const match = decodeMatch(record);
      const fits = (kind === undefined || match.kind === kind) && (entity === undefined || match.entity === entity.type) && match.lastMs >= fromMs && match.lastMs < toMs;
      return fits ? match : undefined;
    });
  }
}
