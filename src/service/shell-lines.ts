/** How shells set a variable for what is started after it. */
export const SHELLS = ['posix', 'powershell', 'fish', 'dotenv'] as const;
export type Shell = (typeof SHELLS)[number];

const SETTERS = {
  posix: (name, value) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`,
  powershell: (name, value) => `$env:${name} = '${value.replaceAll("'", "''")}'`,
  fish: (name, value) => `set -gx ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  dotenv: (name, value) => `${name}="${value}"`,
} as const satisfies Record<Shell, (name: string, value: string) => string>;

/** A word of a command line as a POSIX shell and PowerShell both take it, where one form serves both. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./#-]+$/.test(word)) return word;
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : `"${word}"`;
}

/** A line a variable; values as they are, quoted as the shell wants it. */
export function shellLines(shell: Shell, variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).map(([name, value]) => SETTERS[shell](name, value));
}
