import { spawn, spawnSync } from 'node:child_process';
import { within } from './programs.ts';

/** How a shell is made to complete as it does for a person, and to show the line that came of it. */
interface ShellKind {
  readonly command: string;
  /** `SHOW` is Ctrl-T afterwards: prints the line in double brackets and empties it. */
  readonly setup: string;
}

const SHELLS = {
  bash: {
    command: 'bash --norc --noprofile -i',
    setup: `
      show() { printf '[[%s]]' "$READLINE_LINE"; READLINE_LINE=; READLINE_POINT=0; }
      bind -x '"\\C-t": show'; bind 'set enable-bracketed-paste off'; source <(hub-admin completion bash)`,
  },
  zsh: {
    command: 'zsh -f -i',
    setup: `
      show() { print -rn -- "[[$BUFFER]]"; BUFFER= }; zle -N show; bindkey '^T' show; unset zle_bracketed_paste
      autoload -Uz compinit; compinit -u -D; source <(hub-admin completion zsh)`,
  },
} as const satisfies Record<string, ShellKind>;

const TAB = '\t';
const SHOW = '\x14';

/** Why a test with this program cannot run here; undefined where it can. */
export function missing(...programs: readonly string[]): string | undefined {
  const absent = programs.filter((name) => spawnSync(name, ['--version']).error !== undefined);
  return absent.length === 0 ? undefined : `${absent.join(' and ')} not installed`;
}

/**
 * Types lines into a shell on a terminal of its own (by `script` of util-linux), with the tab key behind each.
 *
 * @returns each line as the shell has completed it
 */
export async function pressTab(
  shell: keyof typeof SHELLS,
  lines: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<string[]> {
  const { command, setup } = SHELLS[shell];
  const child = spawn('script', ['-qec', command, '/dev/null'], { ...options, stdio: 'pipe' });
  let output = '';
  const next = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = pattern.exec(output);
        if (found === null) return;
        child.stdout.off('data', look);
        output = output.slice(found.index + found[0].length);
        resolve(found[1] ?? '');
      };
      child.stdout.on('data', look);
      look();
    });
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const completed: string[] = [];
  try {
    // One line of setup: a prompt between them would be waited for in vain. The quotes keep the echo from being taken for it.
    child.stdin.write(`${setup.trim().replaceAll(/\n\s*/g, '; ')}; echo RE""ADY\n`);
    await within(`${shell} to be ready`, next(/READY\r?\n/), () => output);
    for (const line of lines) {
      child.stdin.write(line + TAB + SHOW);
      completed.push(await within(`${shell} to complete ${line}`, next(/\[\[(.*?)\]\]/), () => output));
    }
    return completed;
  } finally {
    child.kill('SIGHUP');
  }
}
