import type { Command } from 'commander';
import { DEFAULT_DEVICE_ID } from '../../config/index.ts';
import { choice } from '../../terminal/index.ts';
import { addCommand, type CommandHost } from '../command.ts';
import type { Console } from '../console.ts';
import { hubEnvironment } from '../local-environment.ts';
import { getRunningHub, openLocalClient } from '../running-hub.ts';
import { type Shell, shellLines, SHELLS } from '../shell-lines.ts';

export interface HubEnvOptions {
  readonly deviceId: string;
  readonly shell: Shell;
}

export function addHubEnv(host: CommandHost): void {
  addCommand(host, {
    words: 'env [deviceId]',
    examples: ['eval "$(hub-admin hub env)"', 'hub-admin hub env pump-1 --shell dotenv', 'hub-admin hub env -o json'],
  })
    .option(
      '--shell <shell>',
      `for which shell: ${SHELLS.join(', ')} (default: posix; powershell on Windows)`,
      choice('--shell', SHELLS),
    )
    .action(async (deviceId: string | undefined, options: { shell?: Shell }, self: Command) => {
      const shell = options.shell ?? (process.platform === 'win32' ? 'powershell' : 'posix');
      await runHubEnv(host.open(self), { deviceId: deviceId ?? DEFAULT_DEVICE_ID, shell });
    });
}

export async function runHubEnv(console: Console, options: HubEnvOptions): Promise<void> {
  const running = await getRunningHub(console);
  const environment = await hubEnvironment({
    home: console.settings().tandemHome,
    running,
    client: await openLocalClient(console, running),
    deviceId: options.deviceId,
    env: console.env,
  });
  const { output } = console.options;
  if (output === 'json' || output === 'ndjson') {
    await console.terminal.printSecret(JSON.stringify(environment, null, output === 'json' ? 2 : undefined));
    return;
  }
  const lines = [
    ...shellLines(options.shell, { ...environment }),
    `# Java: keytool -importcert -noprompt -cacerts -storepass changeit -alias tandem -file "${environment.SSL_CERT_FILE}" (or a trust store of your own)`,
    `# C: IoTHubDeviceClient_LL_SetOption(handle, OPTION_TRUSTED_CERT, <the text of ${environment.SSL_CERT_FILE}>)`,
  ];
  if (running.httpsPort !== 443) {
    lines.push(
      `# Service programs other than hub-admin cannot be told a port: start the hub with --standard-ports for them.`,
    );
  }
  await console.terminal.printSecret(lines.join('\n'));
}
