/** How shells set a variable for what is started after it. */
export const SHELLS = ['posix', 'powershell', 'fish', 'dotenv'] as const;
export type Shell = (typeof SHELLS)[number];

const SETTERS = {
  posix: (name, value) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`,
  powershell: (name, value) => `$env:${name} = '${value.replaceAll("'", "''")}'`,
  fish: (name, value) => `set -gx ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  dotenv: (name, value) => `${name}="${value}"`,
} as const satisfies Record<Shell, (name: string, value: string) => string>;

/** A line a variable; values as they are, quoted as the shell wants it. */
export function shellLines(shell: Shell, variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).map(([name, value]) => SETTERS[shell](name, value));
}
