import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from './random.ts';

/** When a connection that is to be cut is cut. */
const MOMENTS = ['accepted', 'asked', 'answered', 'late'] as const;
const LATE_MS = 400;

/** A TCP proxy that cuts every third connection: as it comes, at the first bytes of either side, or a little later. */
export class CuttingProxy implements AsyncDisposable {
  /** Whether it cuts. */
  isHostile = true;
  cuts = 0;
  readonly #server: Server;
  readonly #random: Random;
  readonly #targetPort: number;
  readonly #open = new Set<Socket>();
  #connections = 0;

  private constructor(server: Server, targetPort: number, random: Random) {
    this.#server = server;
    this.#targetPort = targetPort;
    this.#random = random;
    server.on('connection', (near) => this.#join(near));
  }

  static async start(targetPort: number, random: Random): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server, targetPort, random);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #join(near: Socket): void {
    const far = connect(this.#targetPort, '127.0.0.1');
    for (const socket of [near, far]) {
      this.#open.add(socket);
      socket.on('close', () => {
        this.#open.delete(socket);
        near.destroy();
        far.destroy();
      });
      socket.on('error', () => undefined); // "close" follows
    }
    near.pipe(far);
    far.pipe(near);
    this.#connections += 1;
    if (this.isHostile && this.#connections % 3 === 0) this.#cutInTime(near, far);
  }

  #cutInTime(near: Socket, far: Socket): void {
    const cut = (): void => {
      if (near.destroyed) return;
      this.cuts += 1;
      if (this.#random.chance(0.5)) near.resetAndDestroy();
      else near.destroy();
    };
    switch (this.#random.pick(MOMENTS)) {
      case 'accepted': {
        cut();
        return;
      }
      case 'asked':
        return void near.once('data', cut);
      case 'answered':
        return void far.once('data', cut);
      case 'late':
        return void setTimeout(cut, this.#random.below(LATE_MS));
    }
  }
}
