/** What `scenario init` writes: every section once, with what it does. A test checks that it is valid. */
export const EXAMPLE_SCENARIO = `# yaml-language-server: $schema=https://raw.githubusercontent.com/iothub-tandem/iothub-tandem/main/docs/scenario.schema.json
# Run one device of it:  sim-device --scenario scenario.yaml
# Run a fleet:           sim-device fleet --count 100 --scenario scenario.yaml
# Durations are texts such as 500ms, 10s, 5m, 24h, or numbers of seconds.
version: 1
seed: 42 # the same seed gives the same run, times aside

devices:
  ids: pump-\${index:3} # pump-001, pump-002, …; or a list of ids
  count: 100

# Tags are written to the twin on the local hub only; on a real hub they are the operator's.
tags:
  location:
    region: US
    plant: { $cycle: [Redmond43, Houston] } # by index: every other device

connectivity: { $choice: [cellular, cellular, wifi] }
reported:
  firmware: { version: 1.4.2 }

reboot:
  duration: 5s
  answer: before # or after: when it is done
  failureRate: 0

configuration:
  applyTime: 2s
  rejectionRate: 0

methods:
  getLog:
    payload: { lines: [], device: "\${deviceId}" }
    delay: 200ms
  explode: { status: 500, payload: { why: no reason } }
  silent: { answers: false }

telemetry:
  - name: climate
    interval: 10s
    followsSendFrequency: true # a desired sendFrequency sets the interval
    body:
      messageId: { $counter: {} }
      time: { $time: iso }
      temperature: { $walk: { start: 21, step: 0.5, min: 15, max: 35 } }
      humidity: { $sine: { min: 40, max: 60, period: 1h } }
      vibration: { $noise: { mean: 0, deviation: 0.2 } }
    properties:
      level: { $choice: [normal, normal, normal, alert] }

messages: # cloud-to-device
  delay: 0s
  # reply: { done: true }

faults:
  - { kind: drop, rate: 0.01, for: 5s } # every device once in 100 minutes, on average
  - { kind: delay, rate: 0.05, by: 1s }
  - { kind: duplicate, rate: 0.01 }
  # - { kind: loseAnswer, rate: 0.01 }
  # - { kind: clockSkew, by: 90 }

# A behaviour of your own: export default ({ deviceId, index, random }) => ({ methods: { … } })
# behaviours: ./own.js

variants: # devices that differ
  - indexes: "1-5"
    reboot: { failureRate: 1 }
`;
