import type { FeatureLayout } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import type { Registry } from '@weir/ports';
import { EntityReader } from '../history/entity-reader';
import { DecisionPacker } from '../suite/decision-rows';

const setsMax = 16;

export interface KnownSet { readonly set: DefinitionSet; readonly entities: EntityReader; readonly packer: DecisionPacker }

/** Sets by their id, as decisions name them; the ones used last are kept. */
export class SetBook {
  private readonly knownById = new Map<string, KnownSet>();
  readonly layouts = (set: string, source: string): FeatureLayout | undefined => this.knownById.get(set)?.set.layoutBySource.get(source);

  constructor(private readonly registry: Registry) {}

  known(id: string): KnownSet | undefined { return this.knownById.get(id); }

  /** Undefined for a set that the registry does not have. */
  async load(id: string): Promise<KnownSet | undefined> {
    const known = this.knownById.get(id);
    if (known !== undefined) return known;
    const stored = await this.registry.set(id);
    if (stored === undefined) return undefined;
    const set = resolveCanonicalSet(stored.json), made = { set, entities: new EntityReader(set), packer: new DecisionPacker(set) };
    this.knownById.set(id, made);
    for (const oldest of this.knownById.keys()) {
      if (this.knownById.size <= setsMax) break;
      this.knownById.delete(oldest);
    }
    return made;
  }
}
