/** Runs the local hub of a `TANDEM_HOME`. */
export { forgetState } from './forget-state.ts';
export { HubAlreadyRunning } from './home-lock.ts';
export { startLocalHub, type LocalHub, type LocalHubOptions } from './local-hub.ts';
export { waitForRunningHub } from './wait-for-hub.ts';
