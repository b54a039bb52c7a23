import type { MatchEvent, Matches, Page, PageRequest } from '@weir/gateway';
import type { EventLog } from '@weir/ports';
import { newestFirst } from '../topic-pages';
import { decodeMatch } from './match-record';

/** The topic read from its end. */
export class StoredMatches implements Matches {
  /** `tokenOf`: a key as it is kept. */
  constructor(private readonly log: EventLog, private readonly tokenOf: (entity: string, key: string) => string, readonly standing: Matches['standing']) {}

  list({ pattern, kind, entity, fromMs = -Infinity, toMs = Infinity }: Parameters<Matches['list']>[0], page: PageRequest): Promise<Page<MatchEvent>> {
    const key = entity && this.tokenOf(entity.type, entity.key);
    return newestFirst(this.log, 'matches', page, (record) => {
      if (pattern !== undefined && record.headers['ce_subject'] !== pattern) return undefined;
      if (key !== undefined && record.key !== key) return undefined;
      const match = decodeMatch(record);
      const fits = (kind === undefined || match.kind === kind) && (entity === undefined || match.entity === entity.type) && match.lastMs >= fromMs && match.lastMs < toMs;
      return fits ? match : undefined;
    });
  }
}
