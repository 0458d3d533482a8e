import type { DeviceEvent } from '../device-event.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** What a fleet did so far, from its devices' events. */
export class FleetCounters {
  readonly devices: number;
  started = 0;
  connected = 0;
  mostConnected = 0;
  /** Devices that ended for good: refused. */
  ended = 0;
  connects = 0;
  connectFailures = 0;
  /** Connections that the hub or the network ended. */
  lost = 0;
  telemetry = 0;
  methods = 0;
  reboots = 0;
  messages = 0;
  reports = 0;
  desired = 0;
  configurations = { Pending: 0, Success: 0, Error: 0 };
  faults = 0;
  errors = 0;
  readonly connectLatency = new LatencyHistogram();
  readonly telemetryLatency = new LatencyHistogram();
  readonly methodLatency = new LatencyHistogram();

  constructor(devices: number) {
    this.devices = devices;
  }

  get reconnecting(): number {
    return this.started - this.connected - this.ended;
  }

  count(event: DeviceEvent): void {
    switch (event.event) {
      case 'connected':
        this.connects += 1;
        this.connected += 1;
        this.mostConnected = Math.max(this.mostConnected, this.connected);
        this.connectLatency.add(event.elapsedMs);
        return;
      case 'disconnected':
        this.connected -= 1;
        if (event.by !== 'device') this.lost += 1;
        return;
      case 'connectFailed':
        this.connectFailures += 1;
        return;
      case 'telemetry':
        this.telemetry += 1;
        this.telemetryLatency.add(event.elapsedMs);
        return;
      case 'method':
        this.methods += 1;
        return;
      case 'methodAnswered':
        if (event.status !== null) this.methodLatency.add(event.elapsedMs);
        return;
      case 'rebooting':
        this.reboots += 1;
        return;
      case 'configuration':
        this.configurations[event.status] += 1;
        return;
      case 'reported':
        this.reports += 1;
        return;
      case 'desired':
        this.desired += 1;
        return;
      case 'message':
        this.messages += 1;
        return;
      case 'fault':
        this.faults += 1;
        return;
      case 'failed':
        this.errors += 1;
        return;
      case 'rebooted':
      case 'takenOver':
      case 'stopped':
      case 'telemetryInterval':
        return;
    }
  }
}
