/** Says what is missing, in words for an operator; undefined when nothing is. Cheap and synchronous: it is asked every few seconds. */
export type ReadyCheck = () => string | undefined;

export interface HealthReport {
  readonly status: 'ok' | 'unavailable';
  /** Names of the checks that hold. */
  readonly ready: readonly string[];
  readonly missing: ReadonlyArray<{ readonly name: string; readonly why: string }>;
}

/**
 * Live: the process turns; nothing else is asked, so that a slow store gets no process killed. Ready: every check holds, so that
 * traffic may come. Each part of a process adds its own check while it is built.
 */
export class Health {
  private readonly checkByName = new Map<string, ReadyCheck>();
  private stopping = false;

  /** In place of the one of that name; true where there was none. */
  add(name: string, check: ReadyCheck): boolean {
    const isNew = !this.checkByName.has(name);
    this.checkByName.set(name, check);
    return isNew;
  }

  /** Whether it was there. */
  remove(name: string): boolean {
    return this.checkByName.delete(name);
  }

  /** From now on not ready: a balancer takes the process out before its connections close. */
  beginStop(): void {
    this.stopping = true;
  }

  live(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  ready(): HealthReport {
    const ready: string[] = [];
    const missing: { name: string; why: string }[] = this.stopping ? [{ name: 'process', why: 'stopping' }] : [];
    for (const [name, check] of this.checkByName) {
      const why = ask(check);
      if (why === undefined) ready.push(name);
      else missing.push({ name, why });
    }
    return { status: missing.length === 0 ? 'ok' : 'unavailable', ready, missing };
  }
}

function ask(check: ReadyCheck): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : 'the check failed';
  }
}
