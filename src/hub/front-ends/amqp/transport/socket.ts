import type { Duplex } from 'node:stream';
import type { RheaSocket } from './rhea.ts';

const END_GRACE_MS = 1_000;

/**
 * A stream as rhea wants a socket. Frames of one moment travel together.
 *
 * @param onRead called behind each piece that rhea has read
 */
export function newSocket(stream: Duplex, onRead: () => void): RheaSocket {
  let corked = false;
  return {
    on: (event, handler) => {
      stream.on(event, (argument?: unknown) => {
        handler(argument);
        if (event === 'data') onRead();
      });
    },
    write: (bytes) => {
      if (stream.destroyed || stream.writableEnded) return;
      if (!corked) {
        corked = true;
        stream.cork();
        setImmediate(() => {
          corked = false;
          stream.uncork();
        });
      }
      stream.write(bytes);
    },
    end: () => {
      if (stream.destroyed || stream.writableEnded) return;
      stream.end();
      setTimeout(() => stream.destroy(), END_GRACE_MS).unref(); // a peer that does not read must not keep the socket
    },
    get_id_string: () => 'client',
  };
}
