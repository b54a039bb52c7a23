import { useState, type ReactNode } from 'react';
import { signed } from '../format';

interface Bar { readonly name: string; readonly text: string; readonly value: number }

/** Values around zero: to the right what speaks for fraud, to the left what speaks against it. */
export function Bars({ rows, max = 12, compact = false }: { rows: readonly Bar[]; max?: number; compact?: boolean }): ReactNode {
  const [all, setAll] = useState(false);
  const largest = Math.max(1e-9, ...rows.map(({ value }) => Math.abs(value)));
  const negative = rows.some(({ value }) => value < 0);
  const shown = all ? rows : rows.slice(0, max);
  return (
    <>
      <ul className={compact ? 'bars compact' : 'bars'}>
        {shown.map(({ name, text, value }, index) => (
          <li key={`${name} ${index}`}>
            <span className="bar-name">{name} <small>{text}</small></span>
            <BarShape value={value / largest} negative={negative} />
            <span className="number">{signed(value)}</span>
          </li>
        ))}
      </ul>
      {rows.length > shown.length && <button type="button" className="quiet" onClick={() => setAll(true)}>{rows.length - shown.length} more</button>}
    </>
  );
}

function BarShape({ value, negative }: { value: number; negative: boolean }): ReactNode {
  const zero = negative ? 50 : 0;
  const width = Math.abs(value) * (100 - zero);
  return (
    <svg className="bar-shape" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect x={value < 0 ? zero - width : zero} width={Math.max(width, 0.4)} height="10" className={value < 0 ? 'against' : 'for'} />
      <line x1={zero} x2={zero} y1="0" y2="10" />
    </svg>
  );
}
