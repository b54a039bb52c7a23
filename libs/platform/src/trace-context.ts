const traceparentPattern = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-|$)/;
const noTrace = '0'.repeat(32);

/** The trace id in a W3C `traceparent` header; null when there is none, or one that the standard calls invalid. */
export function traceIdOf(traceparent: string | undefined): string | null {
  const id = traceparent === undefined ? undefined : traceparentPattern.exec(traceparent)?.[1];
  return id === undefined || id === noTrace ? null : id;
}
