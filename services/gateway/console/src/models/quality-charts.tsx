import type { ReactNode } from 'react';
import { CartesianGrid, Legend, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import type { ModelWeek } from '../api/types';
import { percent, shortDay } from '../format';

const height = 200;
const margin = { top: 6, right: 12, bottom: 0, left: 0 };
const tick = { fontSize: 11, fill: 'var(--faint)' };
const tooltipStyle = { background: 'var(--panel)', border: '1px solid var(--line)', borderRadius: 6, fontSize: 12, color: 'var(--text)' };
const colours = ['var(--accent)', 'var(--second)', 'var(--approve)', 'var(--review)', 'var(--block)'];
const dashes = ['0', '5 3', '2 2', '8 3 2 3', '1 3'];

export const nameOfVersion = ({ model, version, answers }: Pick<ModelWeek, 'model' | 'version' | 'answers'>): string => `${model} ${version === null ? '' : `v${version}`}${answers ? '' : ' (beside)'}`;

/** One figure over the weeks, a line for each version of a model. */
export function WeekChart({ weeks, of, label, asPercent = false }: { weeks: readonly ModelWeek[]; of: (week: ModelWeek) => number | null; label: string; asPercent?: boolean }): ReactNode {
  const names = [...new Set(weeks.map(nameOfVersion))].sort();
  const starts = [...new Set(weeks.map(({ week }) => week))].sort();
  const data = starts.map((start) => ({ start, ...Object.fromEntries(weeks.filter(({ week }) => week === start).map((week) => [nameOfVersion(week), of(week)])) }));
  const text = (value: number): string => (asPercent ? percent(value) : value.toFixed(3));
  return (
    <figure className="chart" role="img" aria-label={`${label}: ${names.map((name) => `${name} ${starts.map((start) => { const found = weeks.find((week) => week.week === start && nameOfVersion(week) === name); const value = found && of(found); return value == null ? 'none' : text(value); }).join(', ')}`).join('; ')}`}>
      <ResponsiveContainer width="100%" height={height}>
        <LineChart data={data} margin={margin} accessibilityLayer={false}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis dataKey="start" tickFormatter={shortDay} minTickGap={30} tick={tick} stroke="var(--line)" tickLine={false} />
          <YAxis width={48} domain={asPercent ? [0, 'auto'] : [0, 1]} tickFormatter={(value) => (asPercent ? percent(Number(value)) : String(value))} tick={tick} stroke="var(--line)" tickLine={false} axisLine={false} />
          <Tooltip labelFormatter={(start) => `week of ${shortDay(String(start))}`} formatter={(value) => text(Number(value))} contentStyle={tooltipStyle} isAnimationActive={false} />
          <Legend iconType="plainline" iconSize={14} align="left" wrapperStyle={{ fontSize: 12 }} />
          {names.map((name, index) => <Line key={name} dataKey={name} stroke={colours[index % colours.length] ?? 'var(--accent)'} strokeWidth={1.6} strokeDasharray={dashes[index % dashes.length] ?? '0'} dot={{ r: 3 }} isAnimationActive={false} connectNulls />)}
        </LineChart>
      </ResponsiveContainer>
    </figure>
  );
}

/** What was said, and what came: on the line they are the same. */
export function CalibrationChart({ week }: { week: ModelWeek }): ReactNode {
  const size = 200, pad = 26, at = (value: number): number => pad + value * (size - 2 * pad), up = (value: number): number => size - at(value);
  const largest = Math.max(1, ...week.calibration.map(({ count }) => count));
  return (
    <figure className="chart" role="img" aria-label={`Calibration: ${week.calibration.map((bin) => `of those with p about ${bin.mean_p.toFixed(2)}, ${percent(bin.fraud_share)} were fraud`).join('; ')}`}>
      <svg viewBox={`0 0 ${size} ${size}`} width="100%" height={height}>
        <line x1={at(0)} y1={up(0)} x2={at(1)} y2={up(1)} stroke="var(--faint)" strokeDasharray="4 3" />
        <line x1={at(0)} y1={up(0)} x2={at(1)} y2={up(0)} stroke="var(--line)" /><line x1={at(0)} y1={up(0)} x2={at(0)} y2={up(1)} stroke="var(--line)" />
        {week.calibration.map((bin) => <circle key={bin.mean_p} cx={at(bin.mean_p)} cy={up(bin.fraud_share)} r={2.5 + 4 * Math.sqrt(bin.count / largest)} fill="var(--accent)" fillOpacity="0.75"><title>{`${Math.round(bin.count)} with p ${bin.mean_p.toFixed(2)}: ${percent(bin.fraud_share)} fraud`}</title></circle>)}
        <text x={size / 2} y={size - 6} textAnchor="middle" fontSize="9" fill="var(--faint)">p said</text>
        <text x="9" y={size / 2} textAnchor="middle" fontSize="9" fill="var(--faint)" transform={`rotate(-90 9 ${size / 2})`}>fraud came</text>
      </svg>
    </figure>
  );
}
