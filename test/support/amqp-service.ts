import azureIotHub, { type Client as ServiceClient } from 'azure-iothub';
import type { HubFacts } from './hub-process.ts';

/** A transport class of `azure-iothub` that reaches a hub on other ports. The SDK has no option for that, nor for whom to trust. */
export function serviceTransportTo(
  { ca, ports }: Pick<HubFacts, 'ca' | 'ports'>,
  transport: 'Amqp' | 'AmqpWs',
): ServiceClient.TransportCtor {
  const uri =
    transport === 'Amqp' ? `amqps://localhost:${ports.amqp}` : `wss://localhost:${ports.https}/$iothub/websocket`;
  return redirected(transport, {
    uri,
    sslOptions: { ca },
    policyOverride: { hostname: 'localhost', servername: 'localhost' },
  });
}

interface AmqpBase {
  connect(config: object, done: unknown): void;
}

/** A transport that connects where it is told; a function, since `new` takes what it returns. */
function redirected(transport: 'Amqp' | 'AmqpWs', redirect: object): ServiceClient.TransportCtor {
  function Redirected(config: ServiceClient.TransportConfigOptions): ServiceClient.Transport {
    const made = new azureIotHub[transport](config);
    const base = Reflect.get(made, '_amqp') as unknown as AmqpBase;
    const connect = base.connect.bind(base);
    base.connect = (options, done) => connect({ ...options, ...redirect }, done);
    return made;
  }
  return Redirected as unknown as ServiceClient.TransportCtor;
}
