import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';

/** Connections that no request came over yet; browsers open some ahead. Node takes them for busy: a server that ends would wait for them until they time out. */
export class UnusedConnections {
  private readonly sockets = new Set<Socket>();
  private ending = false;

  watch(server: Server): void {
    server.on('connection', (socket) => {
      if (this.ending) { socket.destroy(); return; }
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.on('request', ({ socket }: IncomingMessage) => this.sockets.delete(socket));
  }

  /** Closes them, and those that are opened from now on. */
  end(): void {
    this.ending = true;
    for (const socket of this.sockets) socket.destroy();
  }
}
