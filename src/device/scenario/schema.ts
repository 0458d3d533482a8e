/**
 * The scenario file's schema: published for editors as docs/scenario.schema.json (a test keeps the two equal) and checked by
 * schema-check.ts, which knows exactly the keywords used here.
 */
export interface Schema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: SchemaType | readonly SchemaType[];
  readonly enum?: readonly (string | number | boolean)[];
  readonly pattern?: string;
  /** What a text that does not match `pattern` should have been, for messages. */
  readonly 'x-expected'?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  /** A name that is no member fits here; only with `additionalProperties` as a schema. */
  readonly propertyNames?: Schema;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

export type SchemaType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null';

const DURATION = '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$|^\\d+(\\.\\d+)?$';
const AN_INTERVAL = 'a duration such as 500ms, 10s, 5m or 24h';

const duration = (description: string): Schema => ({
  description: `${description} A duration such as 500ms, 10s, 5m or 24h, or a number of seconds.`,
  type: ['string', 'number'],
  pattern: DURATION,
  'x-expected': AN_INTERVAL,
  minimum: 0,
});

const rate = (description: string): Schema => ({ description, type: 'number', minimum: 0, maximum: 1 });

const template = (description: string): Schema => ({
  description: `${description} Constants, texts with \${deviceId} and \${index}, and generators: $counter, $cycle, $walk, $sine, $noise, $random, $choice, $time.`,
});

const BEHAVIOUR_SECTIONS: Readonly<Record<string, Schema>> = {
  tags: {
    ...template('Tags that the device gets on the local hub (the device itself never sees them).'),
    type: 'object',
  },
  reported: { ...template('Reported once at the first connect.'), type: 'object' },
  connectivity: {
    ...template('Reported as connectivity.type at every connect.'),
    type: ['string', 'object'],
    default: 'cellular',
  },
  reboot: {
    description: 'How rebootDevice goes.',
    type: 'object',
    additionalProperties: false,
    properties: {
      duration: duration('How long the device is away. Default 5s.'),
      answer: {
        description: 'Answer before the reboot, or when it is done.',
        enum: ['before', 'after'],
        default: 'before',
      },
      failureRate: rate('The part of reboots that are answered 500 and not carried out: 0 to 1.'),
    },
  },
  configuration: {
    description: 'What happens when desired configId and sendFrequency change.',
    type: 'object',
    additionalProperties: false,
    properties: {
      applyTime: duration('How long it is Pending. Default 2s.'),
      rejectionRate: rate('The part of well-formed configurations that the device refuses: 0 to 1.'),
    },
  },
  methods: {
    description: 'Direct methods by name, besides rebootDevice and DeviceMethod.',
    type: 'object',
    propertyNames: {
      pattern: '^[^/+#?\\s]{1,100}$',
      'x-expected': 'a method name: up to 100 characters, none of / + # ? or blanks',
    },
    additionalProperties: {
      type: 'object',
      additionalProperties: false,
      properties: {
        status: { type: 'integer', minimum: 1, maximum: 999_999, default: 200 },
        payload: template('The answer.'),
        delay: duration('How long until the answer.'),
        answers: { description: 'false: the method is never answered.', type: 'boolean', default: true },
      },
    },
  },
  telemetry: {
    description:
      'Streams of messages. Without this section: one stream, silent until a desired sendFrequency says how often.',
    type: 'array',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'interval', 'body'],
      properties: {
        name: {
          description: 'Part of message ids and of the seed.',
          type: 'string',
          pattern: '^[\\w-]{1,64}$',
          'x-expected': 'a name of letters, digits, - and _',
        },
        interval: {
          description: 'How often: a duration, a number of seconds, or "sendFrequency": as the desired property says.',
          type: ['string', 'number'],
          pattern: `^sendFrequency$|${DURATION}`,
          'x-expected': `${AN_INTERVAL}, or sendFrequency`,
          minimum: 0.1,
        },
        followsSendFrequency: {
          description: 'A desired sendFrequency sets the interval.',
          type: 'boolean',
          default: false,
        },
        body: template('The message.'),
        properties: { ...template('Application properties of the message; values become texts.'), type: 'object' },
      },
    },
  },
  messages: {
    description: 'What the device does with a cloud-to-device message, besides telling it.',
    type: 'object',
    additionalProperties: false,
    properties: {
      delay: duration('How long it works on a message before it completes it.'),
      reply: template('Telemetry to send back, with the message id as its correlation id.'),
    },
  },
  faults: {
    description: 'What goes wrong.',
    type: 'array',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['kind'],
      properties: {
        kind: {
          description:
            'drop: the connection breaks without a goodbye. delay: messages and method answers are late. duplicate: a message is sent twice. loseAnswer: a method runs and its answer is lost. clockSkew: the device has the wrong time.',
          enum: ['drop', 'delay', 'duplicate', 'loseAnswer', 'clockSkew'],
        },
        at: duration('drop: once, this long after the first connect.'),
        every: duration('drop: again and again, this often.'),
        for: duration('drop: how long the device stays away. Default 5s.'),
        rate: rate(
          'delay, duplicate, loseAnswer: the part of messages or answers: 0 to 1. drop: the chance in every minute.',
        ),
        by: {
          ...duration('delay: how late. clockSkew: how far ahead; a number may be negative.'),
          minimum: -31_536_000,
        },
      },
    },
  },
  behaviours: {
    description:
      'A JavaScript or TypeScript module whose default export makes a behaviour of your own; relative to this file.',
    type: 'string',
  },
};

export const SCENARIO_SCHEMA: Schema & { readonly $schema: string; readonly $id: string } = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://raw.githubusercontent.com/iothub-tandem/iothub-tandem/main/docs/scenario.schema.json',
  title: 'sim-device scenario',
  description: 'What simulated devices are and do: sim-device run|fleet --scenario <file>.',
  type: 'object',
  additionalProperties: false,
  properties: {
    $schema: { description: 'For editors.', type: 'string' },
    version: { description: 'Of this format.', enum: [1], default: 1 },
    seed: {
      description: 'The same seed gives the same run, times aside. Default: another one every time.',
      type: ['string', 'number'],
    },
    devices: {
      description: 'Which devices a fleet has.',
      type: 'object',
      additionalProperties: false,
      properties: {
        ids: {
          description: 'A pattern with ${index} (${index:4} pads to four digits), or a list of ids.',
          type: ['string', 'array'],
          minItems: 1,
          items: { type: 'string' },
          examples: ['pump-${index}', ['pump-a', 'pump-b']],
        },
        count: { description: 'How many; --count wins.', type: 'integer', minimum: 1, maximum: 1_000_000 },
        start: { description: 'The first index; --start wins.', type: 'integer', minimum: 0, default: 1 },
      },
    },
    ...BEHAVIOUR_SECTIONS,
    variants: {
      description:
        'Devices that differ: their sections are merged over the ones above; of several that match, the later wins.',
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          indexes: {
            description: 'Which, by index: "1-5,17".',
            type: ['string', 'integer'],
            pattern: '^\\d+(-\\d+)?(,\\s*\\d+(-\\d+)?)*$',
            'x-expected': 'indexes such as "1-5,17"',
          },
          ids: { description: 'Which, by id.', type: 'array', items: { type: 'string' } },
          ...BEHAVIOUR_SECTIONS,
        },
      },
    },
  },
};
