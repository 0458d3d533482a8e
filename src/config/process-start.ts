import { readFileSync } from 'node:fs';

/**
 * When the process started, in the platform's own words: together with the process id it names one process for ever,
 * also after the id was given to another. Empty where the platform cannot say, or where there is no such process.
 */
export function readProcessStart(pid: number, platform: NodeJS.Platform = process.platform): string {
  try {
    if (platform === 'linux') return linuxStart(pid);
    if (platform === 'darwin') return psStart(pid);
  } catch {
    // No such process, or no /proc: the caller has the process id alone.
  }
  return '';
}

/** Whether a process is there, whoever owns it. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Only here are other processes started: loading that module would cost every start of a program 4 ms. */
function psStart(pid: number): string {
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
}

/** proc(5): field 22 is the start in clock ticks since boot. The name in field 2 may hold spaces and brackets, so count behind its end. */
function linuxStart(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot}/${afterName[19] ?? ''}`;
}
