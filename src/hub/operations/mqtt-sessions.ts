import type { HubContext, MqttSession } from './hub-context.ts';

/**
 * Subscriptions of MQTT clients that connected without "clean session". They are kept until the identity is deleted or a
 * clean session takes their place: the Node SDK relies on that after a token renewal. @see device-protocol.md, 3.3
 */
export class MqttSessions {
  readonly #context: HubContext;

  constructor(context: HubContext) {
    this.#context = context;
  }

  find(key: string): MqttSession | undefined {
    return this.#context.sessions.get(key);
  }

  /** Resolves once durable: a SUBACK promises that the subscription is still there after a crash. */
  async keep(key: string, session: MqttSession): Promise<void> {
    await this.#context.store.change(() => this.#context.sessions.put(key, session));
  }

  async forget(key: string): Promise<void> {
    if (!this.#context.sessions.has(key)) return;
    await this.#context.store.change(() => this.#context.sessions.delete(key));
  }
}
