import type { PortWish } from '../hub/index.ts';

/** Ports as the caller asked for them; absent = the default, or a free one where that is taken. */
export interface PortOptions {
  readonly httpsPort?: number | undefined;
  readonly mqttPort?: number | undefined;
  readonly amqpPort?: number | undefined;
  /** 443, 8883 and 5671, as Azure has them: for programs that cannot be told a port. */
  readonly standardPorts?: boolean | undefined;
}

export interface PortWishes {
  readonly https: PortWish;
  readonly mqtt: PortWish;
  readonly amqp: PortWish;
}

/** 443 takes root on most systems, so it is not the default. */
const DEFAULT_PORTS = { https: 8443, mqtt: 8883, amqp: 5671 } as const;
const STANDARD_PORTS = { https: 443, mqtt: 8883, amqp: 5671 } as const;

export function portWishes(options: PortOptions): PortWishes {
  const wish = (name: keyof typeof DEFAULT_PORTS, asked: number | undefined): PortWish => {
    if (asked !== undefined) return { kind: 'exactly', port: asked };
    if (options.standardPorts === true) return { kind: 'exactly', port: STANDARD_PORTS[name] };
    return { kind: 'preferably', port: DEFAULT_PORTS[name] };
  };
  return {
    https: wish('https', options.httpsPort),
    mqtt: wish('mqtt', options.mqttPort),
    amqp: wish('amqp', options.amqpPort),
  };
}

/** Says which default ports were taken and what took their place. */
export function replacedPorts(wishes: PortWishes, ports: Readonly<Record<keyof PortWishes, number>>): string[] {
  return (['https', 'mqtt', 'amqp'] as const)
    .filter((name) => wishes[name].kind === 'preferably' && wishes[name].port !== ports[name])
    .map((name) => `port ${wishes[name].port} is taken: ${name.toUpperCase()} listens on ${ports[name]} instead`);
}
