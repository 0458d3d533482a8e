import { type Discovery, findRunningHub, localServiceHub } from '../config/index.ts';
import type { ServiceClient } from '../sdk/service-client.ts';
import { ProgramError } from '../terminal/index.ts';
import type { Console } from './console.ts';

/** The local hub of `TANDEM_HOME`, whatever else is configured. @throws ProgramError `noHub` */
export async function getRunningHub(console: Console): Promise<Discovery> {
  const home = console.settings().tandemHome;
  const running = await findRunningHub(home);
  if (running !== undefined) return running;
  throw new ProgramError('noHub', 'NoHub', `no local hub runs for ${home}`, {
    hint: 'start one with: hub-admin hub --detach',
  });
}

/** The service side of a local hub that was found. */
export async function openLocalClient(console: Console, running: Discovery): Promise<ServiceClient> {
  const { openServiceClient } = await import('../sdk/service-client.ts');
  const client = await openServiceClient(localServiceHub(running), { env: console.env, signal: console.signal });
  console.onEnd(() => client.close());
  return client;
}
