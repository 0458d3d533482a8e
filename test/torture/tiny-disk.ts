import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

const MB = 1024 * 1024;

/** A place that has only so much room. */
export interface Disk extends Disposable {
  readonly path: string;
  /** Before `hub-admin` on the command line. */
  readonly prefix: readonly string[];
  fill(): void;
  free(): void;
}

/** A file system of its own with 3 MB; undefined where nobody may make one, which takes root. */
export function tinyDisk(): Disk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'tandem-tiny-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', path]).status === 0;
  if (!mounted) {
    rmSync(path, { recursive: true });
    return undefined;
  }
  const filler = join(path, 'filler');
  return {
    path,
    prefix: [],
    fill: () => {
      expect(() => writeFileSync(filler, Buffer.alloc(3 * MB))).toThrow('ENOSPC');
    },
    free: () => rmSync(filler),
    [Symbol.dispose]: () => {
      spawnSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
