import { Lifecycle, type LifecycleOptions, type Resource } from './lifecycle';

export interface ProcessFrame extends LifecycleOptions {
  readonly resources: readonly Resource[];
  /** Called once everything is started. */
  readonly onReady?: () => void;
  /** For tests; default: this process. */
  readonly host?: Pick<NodeJS.Process, 'on' | 'off' | 'exit'>;
}

/**
 * Runs a process to its end: starts everything, waits for SIGTERM or SIGINT, stops in reverse within the deadline and exits 0; 1 when
 * something could not be started or stopped, or an error escaped. A second signal ends it at once.
 */
export async function runProcess(frame: ProcessFrame): Promise<void> {
  const host = frame.host ?? process;
  const lifecycle = new Lifecycle(frame.resources, frame);
  let ending = false;
  const end = async (why: string, code: number): Promise<void> => {
    if (ending) return host.exit(1);
    ending = true;
    frame.logger.info({ why }, 'stopping');
    const report = await lifecycle.stop();
    host.exit(report.failed.length + report.late.length > 0 ? 1 : code);
  };
  const escaped = (error: unknown): void => {
    frame.logger.fatal({ err: error }, 'an error escaped');
    void end('error', 1);
  };
  host.on('SIGTERM', () => void end('SIGTERM', 0));
  host.on('SIGINT', () => void end('SIGINT', 0));
  host.on('uncaughtException', escaped);
  host.on('unhandledRejection', escaped);
  try {
    await lifecycle.start();
  } catch {
    if (!ending) host.exit(1);
    return;
  }
  if (!ending) frame.onReady?.();
}
