import { type ConfigurationDocument, configurationCounts } from '../sdk/service-configurations.ts';
import type { Column } from '../terminal/index.ts';
import { oneLine } from './sections.ts';

/** What a person wants to see of a configuration; programs get all of it. */
export const CONFIGURATION_COLUMNS: readonly Column<ConfigurationDocument>[] = [
  { title: 'id', value: ({ id }) => id },
  { title: 'priority', value: (configuration) => configuration['priority'] },
  { title: 'target condition', value: (configuration) => configuration['targetCondition'] },
  { title: 'targeted', value: (configuration) => configurationCounts(configuration).targeted },
  { title: 'applied', value: (configuration) => configurationCounts(configuration).applied },
  { title: 'created', value: (configuration) => configuration['createdTimeUtc'] },
];

/** The members of a configuration for a card. */
export function configurationCard(configuration: ConfigurationDocument): Record<string, unknown> {
  const { id, etag } = configuration;
  return {
    id,
    priority: configuration['priority'],
    targetCondition:
      configuration['targetCondition'] === '' ? 'none: it targets nothing' : configuration['targetCondition'],
    ...configurationCounts(configuration),
    content: oneLine(configuration['content'] ?? null),
    labels: filled(configuration['labels']),
    metrics: filled(configuration['metrics']),
    created: configuration['createdTimeUtc'],
    updated: configuration['lastUpdatedTimeUtc'],
    etag,
  };
}

function filled(value: unknown): string | undefined {
  const hasMembers = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  return hasMembers ? oneLine(value) : undefined;
}
