import { readFileSync } from 'node:fs';

/** How much memory a process has; 0 where the system does not tell. */
export function residentMb(pid: number): number {
  if (process.platform !== 'linux') return 0;
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
