import type { MessagePort, Worker } from 'node:worker_threads';

interface Message { readonly kind: string }
type Transferred = readonly (ArrayBuffer | MessagePort)[];

/** The end of a channel in a thread that asks and waits: messages are heard by kind, and those that come early are kept. */
export class ThreadPort<Heard extends Message, Said extends Message> {
  private readonly waiting: Array<{ readonly isFor: (message: Heard) => boolean; readonly resolve: (message: Heard) => void }> = [];
  private readonly early: Heard[] = [];

  constructor(private readonly port: MessagePort | Worker) {
    port.on('message', (message: Heard) => { this.take(message); });
  }

  say(message: Said, handedOver: Transferred = []): void { this.port.postMessage(message, handedOver); }

  /** The next message of one of the kinds: the first that came early, else the first that comes. */
  hear<Kind extends Heard['kind']>(...kinds: readonly Kind[]): Promise<Extract<Heard, { readonly kind: Kind }>> {
    type Wanted = Extract<Heard, { readonly kind: Kind }>;
    const isFor = (message: Heard): message is Wanted => kinds.some((kind) => kind === message.kind);
    const at = this.early.findIndex(isFor);
    const [known] = at < 0 ? [] : this.early.splice(at, 1);
    if (known !== undefined && isFor(known)) return Promise.resolve(known);
    return new Promise((resolve) => { this.waiting.push({ isFor, resolve: (message) => { if (isFor(message)) resolve(message); } }); });
  }

  private take(message: Heard): void {
    const at = this.waiting.findIndex(({ isFor }) => isFor(message));
    if (at < 0) this.early.push(message);
    else this.waiting.splice(at, 1)[0]?.resolve(message);
  }
}
