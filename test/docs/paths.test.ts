import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = ['README.md', 'SECURITY.md', 'CHANGELOG.md', ...pagesIn('docs'), ...pagesIn('examples')];
/** Pages that tell where in the sources something is. */
const ABOUT_SOURCES = /^docs\/(architecture|coverage|decisions\/.*)\.md$/;

describe('a page names files and headings that exist', () => {
  test.each(PAGES)('%s', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const wrong = brokenLinks(page, text);
    if (ABOUT_SOURCES.test(page)) wrong.push(...sourcePaths(text).filter((path) => !existsSync(join(ROOT, path))));
    expect(wrong).toEqual([]);
  });
});

function pagesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : pagesIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Links of Markdown to this repository, as they stand on the page. */
function brokenLinks(page: string, text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', heading] = link.split('#');
    const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
    if (!existsSync(file)) return true;
    return heading !== undefined && !anchors(readFileSync(file, 'utf8')).has(heading);
  });
}

/** The anchors that GitHub gives to headings. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

/** Files and folders of the repository in code spans; a brace or an ellipsis stands for several. */
function sourcePaths(text: string): string[] {
  const spans = [...text.matchAll(/`((?:src|test|bin|scripts|bench|docs|deploy|examples)\/[^`\s]*)`/g)];
  return spans.map(([, path = '']) => path).filter((path) => !/[{}…*<>]/.test(path));
}
