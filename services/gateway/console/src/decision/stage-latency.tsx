import type { ReactNode } from 'react';
import { milliseconds, words } from '../format';

/** The stages one after another, as they share the whole; what no stage accounts for is waiting. */
export function StageLatency({ latencyMs }: { latencyMs: Readonly<Record<string, number>> }): ReactNode {
  const stages = Object.entries(latencyMs).filter(([name]) => name !== 'total');
  const known = stages.reduce((sum, [, ms]) => sum + ms, 0);
  const total = latencyMs['total'] ?? known;
  const parts: readonly (readonly [string, number])[] = total > known * 1.01 ? [...stages, ['waiting', total - known]] : stages;
  let at = 0;
  return (
    <>
      <svg className="stages" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(([name, ms], index) => {
          const width = total === 0 ? 0 : (100 * ms) / total;
          at += width;
          return <rect key={name} x={at - width} width={width} height="8" className={stageClass(name, index)} />;
        })}
      </svg>
      <dl className="facts">
        {parts.map(([name, ms], index) => <div key={name}><dt><span className={`swatch ${stageClass(name, index)}`} aria-hidden="true" />{stageNames[name] ?? words(name)}</dt><dd>{milliseconds(ms)}</dd></div>)}
        <div><dt>whole</dt><dd>{milliseconds(total)}</dd></div>
      </dl>
    </>
  );
}

/** What the stages are called in words. */
const stageNames: Readonly<Record<string, string>> = { fs: 'features', 'feature-store': 'features', cep: 'patterns' };

const stageClass = (name: string, index: number): string => (name === 'waiting' ? 'stage-waiting' : `stage-${index % 4}`);
