import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { indexesOf, readShard } from '../../../src/device/fleet/shard.ts';

test('the pods of the Kubernetes job cover the fleet exactly once', () => {
  const { spec } = parse(readFileSync('deploy/fleet/job.yaml', 'utf8'));
  const args: string[] = spec.template.spec.containers[0].args;
  const flag = (name: string): string => args.find((arg) => arg.startsWith(`--${name}=`))?.split('=')[1] ?? '';
  const count = Number(flag('count'));
  const all = Array.from({ length: spec.completions }, (_, index) =>
    indexesOf({ start: 1, count }, readShard(flag('shard'), { JOB_COMPLETION_INDEX: String(index) })),
  ).flat();
  expect(spec.completionMode).toBe('Indexed');
  expect(new Set(all).size).toBe(count);
  expect(all).toHaveLength(count);
});
