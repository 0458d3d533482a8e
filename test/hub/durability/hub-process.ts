/** A hub on a SQLite file in a process of its own, to be killed. Bundled and started by durability.test.ts. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startHubServer, SqliteJournal, type ServerCertificates } from '../../../src/hub/index.ts';

const [stateFile = '', certificatesFile = '', maxBytes] = process.argv.slice(2);
const certificates = JSON.parse(readFileSync(certificatesFile, 'utf8')) as ServerCertificates;
const server = await startHubServer({
  journal: new SqliteJournal(stateFile),
  eventLog: {
    directory: join(dirname(stateFile), 'events'),
    ...(maxBytes === undefined ? {} : { maxBytes: Number(maxBytes) }),
  },
  hostNames: ['localhost'],
  certificates,
  addresses: ['127.0.0.1'],
  ports: {
    https: { kind: 'exactly', port: 0 },
    mqtt: { kind: 'exactly', port: 0 },
    amqp: { kind: 'exactly', port: 0 },
  },
  onFault: (error) => {
    process.stderr.write(`fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  },
});
const ownerKey = server.hub.authorization.policy('iothubowner').primaryKey;
process.stdout.write(`${JSON.stringify({ ports: server.ports, ownerKey })}\n`);
