import { featureStatuses, featureValue } from '@weir/contracts';
import type { PointInTimeAnswer } from './point-in-time';

type Answer = Pick<PointInTimeAnswer, 'vector' | 'views'>;
interface SlotTexts { readonly slot: number; /** The name as a JSON key. */ readonly key: string; /** Key and value of its status, by code. */ readonly statuses: readonly string[] }

/** Writes answers as `JSON.stringify(answeredRow(answer))` does, of the `wanted` features by qualified name, without making the objects: names are made texts once. */
export class AnswerText {
  /** Of the views that the last row had: rows of a file mostly have the same keys. */
  private views: Answer['views'] = [];
  private texts: readonly SlotTexts[] = [];
  private layout: Answer['vector']['layout'] | undefined;

  constructor(private readonly wanted: ReadonlySet<string> | undefined) {}

  of({ vector, views }: Answer): string {
    if (vector.layout !== this.layout || !isSame(views, this.views)) this.learn(vector, views);
    let features = '{"features":{', statuses = '},"statuses":{', comma = '';
    for (const { slot, key, statuses: texts } of this.texts) {
      const value = featureValue(vector, slot);
      features += `${comma}${key}${typeof value === 'number' ? value : JSON.stringify(value)}`;
      statuses += comma + (texts[vector.statuses[slot] ?? 0] ?? '');
      comma = ',';
    }
    return `${features}${statuses}}}`;
  }

  private learn(vector: Answer['vector'], views: Answer['views']): void {
    const { layout } = vector, texts = new Map<string, SlotTexts>();
    for (const { base, plan } of views) {
      for (let slot = base; slot < base + plan.view.features.length; slot++) {
        if (this.wanted !== undefined && !this.wanted.has(layout.qualifiedNames[slot] ?? '')) continue;
        const key = `${JSON.stringify(layout.names[slot] ?? '')}:`;
        texts.set(key, { slot, key, statuses: featureStatuses.map((status) => `${key}"${status}"`) });
      }
    }
    this.views = views;
    this.layout = layout;
    this.texts = [...texts.values()];
  }
}

const isSame = (left: Answer['views'], right: Answer['views']): boolean => left === right || (left.length === right.length && left.every((view, index) => view === right[index]));
