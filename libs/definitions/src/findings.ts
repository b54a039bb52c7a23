import { WeirError } from '@weir/contracts';
import type { Finding } from '@weir/contracts';
import type { z } from 'zod';
import { pathText } from './documents';
import type { Path, SourceDocument } from './documents';

/** Findings printed in the message; all of them are in the error. */
const messageFindingsMax = 20;

/** Collects everything that is wrong with a set, so that one run shows all of it. */
export class Findings {
  private readonly all: Finding[] = [];
  private readonly names = new Set<string>();

  /** Names of definitions that have a finding: what refers to them is not blamed again. */
  get faulty(): ReadonlySet<string> { return this.names; }
  get count(): number { return this.all.length; }

  add(document: SourceDocument, name: string, path: Path, what: { readonly expected: string; readonly got: string }): void {
    this.names.add(name);
    this.all.push({ where: document.where(path), field: pathText(path).replace(/^\./, ''), expected: what.expected, got: what.got, name });
  }

  addAll(findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (finding.name !== undefined) this.names.add(finding.name);
      this.all.push(finding);
    }
  }

  /** @throws WeirError WEIR_DEFINITION_INVALID with all findings; its message names the definitions at fault. */
  throwIfAny(): void {
    if (this.all.length === 0) return;
    const shown = this.all.slice(0, messageFindingsMax).map(findingText);
    const more = this.all.length - shown.length;
    throw new WeirError('WEIR_DEFINITION_INVALID', `definitions refused: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`, { findings: [...this.all] });
  }
}

/** `rules.yaml:7: large_amount.when: expected …, got …` */
export const findingText = (finding: Finding): string => {
  const subject = [finding.name, finding.field].filter((part) => part !== undefined && part !== '').join('.');
  return `${finding.where}: ${subject === '' ? '' : `${subject}: `}expected ${finding.expected}, got ${finding.got}`;
};

/** What was written, short enough for a message. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

export interface FlatIssue { readonly path: Path; readonly expected: string; readonly got: string }

/** What a schema found, one entry per field at fault, in plain words. */
export function flattenIssues(issues: readonly z.core.$ZodIssue[], raw: unknown, base: Path = []): FlatIssue[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
    const got = describe(valueAt(raw, path));
    switch (issue.code) {
      case 'unrecognized_keys': return issue.keys.map((key) => ({ path: [...path, key], expected: 'a known field', got: `unknown field ${key}` }));
      case 'invalid_union': return unionIssue(issue, raw, path, got);
      case 'invalid_key': return [{ path, expected: issue.issues[0]?.message ?? 'another name', got: describe(path.at(-1)) }];
      case 'invalid_value': return [{ path, expected: issue.values.map(String).join(' | '), got }];
      case 'invalid_type': return [{ path, expected: typeText(issue), got }];
      case 'too_small': return [{ path, expected: plain(issue.message, `at least ${issue.minimum}`), got }];
      case 'too_big': return [{ path, expected: plain(issue.message, `at most ${issue.maximum}`), got }];
      case 'invalid_format': case 'not_multiple_of': case 'invalid_element': case 'custom': return [{ path, expected: plain(issue.message, 'another value'), got }];
    }
  });
}

const typeText = (issue: z.core.$ZodIssueInvalidType): string => (issue.message.startsWith('Invalid input') ? `${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}` : issue.message);
const plain = (message: string, fallback: string): string => (/^(Too|Invalid)/.test(message) ? fallback : message);

/** Of the ways to write something, the one that was meant: alone in having no complaint about the whole. */
function unionIssue(issue: z.core.$ZodIssueInvalidUnion, raw: unknown, path: Path, got: string): FlatIssue[] {
  const inside = issue.errors.filter((branch) => branch.length > 0 && branch.every((each) => each.path.length > 0 || each.code === 'unrecognized_keys' || each.code === 'invalid_format' || each.code === 'custom'));
  const withKind = inside.filter((branch) => !branch.some((each) => each.path.length === 1 && (each.path[0] === 'kind' || valueAt(raw, [...path, String(each.path[0])]) === undefined)));
  const meant = withKind.length === 1 ? withKind[0] : inside.length === 1 ? inside[0] : undefined;
  if (meant !== undefined) return flattenIssues(meant, raw, path);
  return [{ path, expected: plain(issue.message, 'another form'), got }];
}

/** The part of a document at a path; undefined where there is none. Own members only. */
function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}
