import type { Hub } from '../../../hub.ts';
import { HubError } from '../../../model/hub-error.ts';
import type { HttpAnswer, Route } from '../route.ts';

/** What the program around a local hub lets its owner do. None of it is part of IoT Hub. */
export interface HubControl {
  /** Begins to stop; returns at once, so that the caller still gets an answer. */
  stop(): void;
  /** Removes all devices, modules, twins, sessions, jobs, configurations and messages; keys and certificates stay. */
  reset(): Promise<void>;
}

export const CONTROL_ROUTES = (control: HubControl): readonly Route[] => [
  {
    method: 'POST',
    path: '/$tandem/stop',
    permissions: 'owner',
    run: () => {
      control.stop();
      return { status: 202, body: { status: 'stopping' } };
    },
  },
  {
    method: 'POST',
    path: '/$tandem/reset',
    permissions: 'owner',
    run: async () => {
      await control.reset();
      return { body: { status: 'reset' } };
    },
  },
  {
    method: 'GET',
    path: '/$tandem/clock',
    permissions: 'owner',
    run: (hub) => tellTime(hub),
  },
  {
    method: 'POST',
    path: '/$tandem/clock',
    permissions: 'owner',
    run: async (hub, call) => {
      await hub.advanceTime(advanceOf(call.body));
      return tellTime(hub);
    },
  },
];

function tellTime(hub: Hub): HttpAnswer {
  return { body: { now: new Date(hub.now()).toISOString(), aheadMs: hub.clock.aheadMs } };
}

function advanceOf(body: unknown): number {
  if (typeof body === 'object' && body !== null && 'advanceMs' in body && typeof body.advanceMs === 'number') {
    return body.advanceMs;
  }
  throw new HubError('ArgumentInvalid', 'the body must be {"advanceMs": <milliseconds>}');
}
