import type { Behaviour, MethodAnswerer } from '../behaviour.ts';
import { sleep } from '../clock.ts';
import { compileTemplate, type TemplateContext } from '../telemetry/template.ts';
import { milliseconds } from './milliseconds.ts';
import type { MethodSection } from './scenario-document.ts';

/** The methods of a scenario: fixed or made from templates, at once or after a delay, or never answered. */
export function createScenarioMethods(
  sections: Readonly<Record<string, MethodSection>>,
  { seed, variables }: TemplateContext,
): Behaviour {
  const methods = Object.entries(sections).map(
    ([name, section]) => [name, answererOf(section, { seed: `${seed}/methods/${name}`, variables })] as const,
  );
  return { methods: Object.fromEntries(methods) };
}

function answererOf(section: MethodSection, context: TemplateContext): MethodAnswerer {
  const { status = 200, payload = null, delay = 0, answers = true } = section;
  const generate = compileTemplate(payload, context);
  const delayMs = milliseconds(delay);
  return async ({ count }, device) => {
    if (!answers) return undefined;
    if (delayMs > 0 && !(await sleep(device.clock, delayMs, device.connection))) return undefined;
    return { status, payload: generate({ number: count, elapsedMs: 0, now: device.clock.now() }) };
  };
}
