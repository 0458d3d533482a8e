import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder of the local hub: `TANDEM_HOME`, or `iothub-tandem` in the user's state folder for the platform. */
export function tandemHome(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  const own = env['TANDEM_HOME'];
  if (own !== undefined && own !== '') return resolve(own);
  return join(stateFolder(env, platform), 'iothub-tandem');
}

function stateFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const home = homedir();
  if (platform === 'win32') return env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  // https://specifications.freedesktop.org/basedir-spec: a relative value is to be ignored.
  const state = env['XDG_STATE_HOME'];
  return state?.startsWith('/') === true ? state : join(home, '.local', 'state');
}
