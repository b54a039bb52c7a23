import { createHash } from 'node:crypto';
import { WeirError } from '@weir/contracts';
import { ModelRuntime, type LoadedModel } from '@weir/ports';
import { within } from './within';

interface Entry { readonly loaded: Promise<LoadedModel>; holders: number }

/** Models that nobody holds and that stay loaded all the same: what was just checked, and what may be returned to. */
const idleMax = 4;

/**
 * Loads a model once for all who ask for the same bytes: what was checked before a set is applied is there when the lanes come to it, several lanes
 * share one session, and the former version is still loaded for a while. So a swap holds no batch up.
 */
export class SharedModels extends ModelRuntime {
  private readonly entries = new Map<string, Entry>();

  /** A model that has no answer to a row by then is not loaded. */
  constructor(private readonly runtime: ModelRuntime, private readonly answersWithinMs = 10_000) { super(); }

  /** Loaded and run once, so that the first batch does not pay for what the first run prepares. */
  override async load(model: { readonly bytes: Uint8Array; readonly output: string }): Promise<LoadedModel> {
    const key = `${createHash('sha256').update(model.bytes).digest('hex')} ${model.output}`;
    const entry = this.entries.get(key) ?? { loaded: this.warmed(model), holders: 0 };
    this.entries.delete(key); // the last of the map is the one used last
    this.entries.set(key, entry);
    entry.holders += 1;
    try {
      return held(await entry.loaded, () => this.release(entry));
    } catch (error) {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      throw error;
    }
  }

  /** When nobody asks any more. */
  async close(): Promise<void> {
    const entries = [...this.entries.values()];
    this.entries.clear();
    await Promise.all(entries.map(async ({ loaded }) => (await loaded).close()));
  }

  private async warmed(model: { readonly bytes: Uint8Array; readonly output: string }): Promise<LoadedModel> {
    const loaded = await this.runtime.load(model);
    const answered = loaded.score(new Float32Array(loaded.inputs), 1).catch(() => 'refused'); // a model may refuse a row of zeros
    if ((await within(answered, this.answersWithinMs)) !== undefined) return loaded;
    loaded.close().catch(() => undefined);
    throw new WeirError('WEIR_MODEL_INVALID', `the model gave no answer to one row within ${this.answersWithinMs} ms`, { findings: [{ where: 'model', field: 'file', expected: `an answer within ${this.answersWithinMs} ms`, got: 'none' }] });
  }

  private async release(entry: Entry): Promise<void> {
    entry.holders -= 1;
    const idle = [...this.entries].filter(([, { holders }]) => holders <= 0);
    for (const [key, { loaded }] of idle.slice(0, Math.max(0, idle.length - idleMax))) {
      this.entries.delete(key);
      (await loaded).close().catch(() => undefined); // one in a run that never ends is waited for by nobody
    }
  }
}

function held(loaded: LoadedModel, release: () => Promise<void>): LoadedModel {
  let isHeld = true;
  return {
    inputs: loaded.inputs, score: (matrix, rows) => loaded.score(matrix, rows),
    close: async () => {
      if (!isHeld) return;
      isHeld = false;
      await release();
    },
  };
}
