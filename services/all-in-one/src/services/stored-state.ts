import { PatternStage } from '@weir/cep';
import type { Value } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import { FeatureStage, ProfileTables, StoredShards, tablePrefix, type FeatureReadAnswer, type FeatureReadQuestion } from '@weir/feature-store';
import { loadState } from '@weir/pipeline';
import type { OnlineStore } from '@weir/ports';
import { ListStore, Snoozes } from '@weir/rules';
import type { TableRows } from '../suite/lane-changes';
import type { FeatureReader } from '../suite/lane-features';

type Row = Readonly<Record<string, Value>>;

/** Lists and snoozes as scoring published them last; every lane holds the same of the API, so those of lane 0. Read again when there is something newer. */
export class StoredLists {
  private read: { readonly position: number; readonly set: string; readonly lists: ListStore; readonly snoozes: Snoozes } | undefined;
  private reading: Promise<unknown> = Promise.resolve();

  constructor(private readonly store: OnlineStore, private readonly set: () => DefinitionSet) {}

  async lists(): Promise<ListStore> { return (await this.newest()).lists; }
  async snoozes(): Promise<Snoozes> { return (await this.newest()).snoozes; }

  private newest(): Promise<NonNullable<StoredLists['read']>> {
    const turn = this.reading.then(() => this.readNewest(), () => this.readNewest());
    this.reading = turn.catch(() => undefined);
    return turn;
  }

  private async readNewest(): Promise<NonNullable<StoredLists['read']>> {
    const position = await this.store.position(0), set = this.set();
    if (this.read?.position === position && this.read.set === set.id) return this.read;
    const state = await loadState(this.store, 0, 'sc/');
    const lists = new ListStore(), snoozes = new Snoozes();
    lists.configure(set.lists);
    lists.restore(state);
    snoozes.restore(state);
    return (this.read = { position, set: set.id, lists, snoozes });
  }
}

/** Rows of tables as the feature store published them last, those of lane 0. */
export class StoredTables implements TableRows {
  constructor(private readonly store: OnlineStore) {}

  async row(table: string, key: string): Promise<Row | undefined> {
    const stateKey = `${tablePrefix}${table}/${key}`;
    const [value] = await this.store.read(0, [stateKey]);
    return this.over(value === undefined ? new Map() : new Map([[stateKey, value]])).row(table, key);
  }

  async rows(table: string): Promise<Iterable<readonly [key: string, row: Row]>> {
    const values = new Map<string, Uint8Array>();
    for await (const [key, value] of this.store.scan(0, `${tablePrefix}${table}/`)) values.set(key, value);
    return this.over(values).rows(table);
  }

  private over(values: ReadonlyMap<string, Uint8Array>): ProfileTables {
    const tables = new ProfileTables(Math.max(2, 2 * values.size));
    tables.restore({ get: (key) => values.get(key), scan: (prefix) => [...values].filter(([key]) => key.startsWith(prefix)) });
    return tables;
  }
}

/** Patterns as cep published them last, lane by lane; for the rare question where a pattern stands. Read whole, and again when there is something newer. */
export class StoredPatterns {
  private readonly readByLane = new Map<number, { readonly position: number; readonly stage: PatternStage }>();

  constructor(private readonly store: OnlineStore, private readonly lanes: number) {}

  stages(): Promise<readonly PatternStage[]> { return Promise.all(Array.from({ length: this.lanes }, (_, lane) => this.newest(lane))); }

  private async newest(lane: number): Promise<PatternStage> {
    const position = await this.store.position(lane), known = this.readByLane.get(lane);
    if (known?.position === position) return known.stage;
    const stage = new PatternStage();
    await stage.restore(await loadState(this.store, lane, ''));
    this.readByLane.set(lane, { position, stage });
    return stage;
  }
}

const setKey = 'fs/-/set', viewsKey = 'fs/-/views';

/** Features of a lane's entities, read from what the feature store published: what `FeatureStage.read` gives, with each entity's state fetched beforehand. */
export class StoredFeatures implements FeatureReader {
  private readonly stage: FeatureStage;
  private readonly foreign: StoredShards | undefined;
  private values: ReadonlyMap<string, Uint8Array> = new Map();
  private definitions = '';
  private views: readonly string[] = [];
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly store: OnlineStore, private readonly lane: number, lanes: number) {
    this.foreign = lanes === 1 ? undefined : new StoredShards(store, lane, lanes);
    this.stage = new FeatureStage({ lane, ...(this.foreign === undefined ? {} : { foreign: this.foreign }) });
  }

  read(question: FeatureReadQuestion): Promise<FeatureReadAnswer | undefined> {
    const turn = this.turn.then(() => this.readInTurn(question), () => this.readInTurn(question));
    this.turn = turn.catch(() => undefined);
    return turn;
  }

  private async readInTurn(question: FeatureReadQuestion): Promise<FeatureReadAnswer | undefined> {
    for (;;) {
      const keys = this.views.map((view) => `fs/${view}/${question.key}`);
      const [values] = await Promise.all([this.store.read(this.lane, [setKey, viewsKey, ...keys]), this.foreign?.fetch(keys)]);
      const [set, views] = values;
      if (set === undefined || views === undefined) return undefined;
      this.values = new Map([[setKey, set], [viewsKey, views], ...keys.flatMap((key, index) => { const value = values[index + 2]; return value === undefined ? [] : [[key, value] as const]; })]);
      const definitions = `${Buffer.from(set).toString('latin1')}${Buffer.from(views).toString('latin1')}`;
      if (definitions === this.definitions) return this.stage.read(question);
      // Other definitions than before: their views are other keys.
      await this.stage.restore({ get: (key) => this.values.get(key), scan: () => [] });
      this.views = (JSON.parse(Buffer.from(views).toString('utf8')) as ReadonlyArray<{ readonly view: string }>).map(({ view }) => view); // written by the stage alone
      this.definitions = definitions;
    }
  }
}
