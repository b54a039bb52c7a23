import type { EventItem, FeatureVector, StreamEvent, Value } from '@weir/contracts';
import { emptyFrame, type ConditionFrame } from '@weir/definitions';

type Profiles = ReadonlyMap<string, Readonly<Record<string, Value>>>;
export interface Surroundings { readonly vector: FeatureVector | undefined; readonly profiles: Profiles | undefined }

/**
 * The one frame all conditions of a stage read. An event's features and profiles are at hand while its item is processed; an event that waits for
 * the watermark keeps them with it. Every other event is seen by itself.
 */
export class EventContext {
  readonly frame: ConditionFrame = emptyFrame();
  private current: Surroundings & { readonly event: StreamEvent | undefined } = { event: undefined, vector: undefined, profiles: undefined };
  private readonly kept = new WeakMap<StreamEvent, Surroundings>();

  enter(item: EventItem): void { this.current = item; }
  leave(): void { this.current = { event: undefined, vector: undefined, profiles: undefined }; }

  /** The item's event will be matched later. */
  keep(item: EventItem): void { this.kept.set(item.event, { vector: item.vector, profiles: item.profiles }); }
  keepAs(event: StreamEvent, surroundings: Surroundings): void { this.kept.set(event, surroundings); }
  keptOf(event: StreamEvent): Surroundings | undefined { return this.kept.get(event); }

  /** Whether the event's features and profiles are at hand. */
  knows(event: StreamEvent): boolean { return this.current.event === event || this.kept.has(event); }

  /** Points the frame at an event. */
  see(event: StreamEvent): ConditionFrame {
    const { frame } = this;
    if (frame.event === event && this.current.event === event) return frame;
    const around = this.current.event === event ? this.current : this.kept.get(event);
    frame.event = event;
    frame.vector = around?.vector;
    frame.profiles = around?.profiles;
    return frame;
  }
}
