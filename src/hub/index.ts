/** The local hub: IoT Hub's protocols and rules in one process. Everything that other rooms may use is listed here. */
export { areCertificatesUsable, LOOPBACK_NAMES, makeCertificates, type ServerCertificates } from './certificates.ts';
export { PortUnavailable, type PortWish } from './front-ends/listen.ts';
export type { Hub } from './hub.ts';
export { EVENT_SOURCES, type EventSource } from './model/event-notifications.ts';
export { HubError, HUB_ERRORS, type HubErrorCode } from './model/hub-error.ts';
export { OWNER_POLICY } from './model/shared-access-policy.ts';
export { TIERS, type Tier } from './model/throttle.ts';
export { startHubServer, type HubServer, type HubServerOptions } from './server.ts';
export { MemoryJournal, type Journal } from './store/journal.ts';
export { SqliteJournal } from './store/sqlite-journal.ts';
