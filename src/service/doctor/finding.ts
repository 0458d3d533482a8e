import type { ServiceHub, Settings } from '../../config/index.ts';
import type { ProbeResult } from '../../sdk/probe.ts';
import type { ExitName } from '../../terminal/index.ts';
import type { Console } from '../console.ts';
import type { HubAnswer } from './ask-hub.ts';

/** What one check found. */
export interface Finding {
  /** Stable: programs look for it. */
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string;
  /** How the program ends for this. Absent: hub-admin itself can do without, `failed`. */
  readonly exit?: ExitName;
  /** Figures and names behind the message, for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What the checks so far have found out; what is missing could not be. */
export interface Known {
  readonly console: Console;
  readonly settings?: Settings;
  readonly hub?: ServiceHub;
  /** HTTPS and WebSockets go through a proxy. */
  readonly proxied?: boolean;
  readonly resolved?: boolean;
  /** The HTTPS port as a handshake showed it; behind a proxy nobody looked. */
  readonly https?: ProbeResult;
  /** Whether the hub can be asked anything over HTTPS. */
  readonly reachable?: boolean;
  readonly answers?: readonly HubAnswer[];
}

export interface Outcome {
  readonly findings: readonly Finding[];
  readonly learned?: Partial<Known>;
}

/** One thing to look at. It never throws: what goes wrong is its finding. */
export type Check = (known: Known) => Promise<Outcome> | Outcome;

export function found(finding: Finding, learned: Partial<Known> = {}): Outcome {
  return { findings: [finding], learned };
}

export function skipped(check: string, message: string): Outcome {
  return found({ check, status: 'skipped', message });
}
