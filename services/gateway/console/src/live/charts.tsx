import type { ReactNode } from 'react';
import { Area, AreaChart, CartesianGrid, Legend, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import type { LiveSecond } from '../api/types';
import { clockTime, count, milliseconds, percent } from '../format';

const height = 180;
const margin = { top: 6, right: 8, bottom: 0, left: 0 };
const tick = { fontSize: 11, fill: 'var(--faint)' };

/** Colours come from the style sheet, so that they follow the theme. */
const series = [
  { key: 'block', colour: 'var(--block)' },
  { key: 'review', colour: 'var(--review)' },
  { key: 'approve', colour: 'var(--approve)' },
] as const;

export function OutcomeChart({ seconds }: { seconds: readonly LiveSecond[] }): ReactNode {
  const newest = seconds.at(-1);
  const label = newest === undefined ? 'No decisions yet' : `In the newest second ${newest.approve} approved, ${newest.review} for review, ${newest.block} blocked`;
  return (
    <figure className="chart" role="img" aria-label={label}>
      <ResponsiveContainer width="100%" height={height}>
        <AreaChart data={[...seconds]} margin={margin} accessibilityLayer={false}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis dataKey="at" tickFormatter={clockTime} minTickGap={60} tick={tick} stroke="var(--line)" tickLine={false} />
          <YAxis width={44} tickFormatter={count} allowDecimals={false} tick={tick} stroke="var(--line)" tickLine={false} axisLine={false} />
          <Tooltip labelFormatter={(at) => clockTime(String(at))} contentStyle={tooltipStyle} isAnimationActive={false} />
          <Legend iconType="square" iconSize={9} align="left" wrapperStyle={legendStyle} />
          {series.map(({ key, colour }) => <Area key={key} dataKey={key} stackId="outcome" stroke={colour} fill={colour} fillOpacity={0.55} strokeWidth={1} isAnimationActive={false} type="linear" />)}
        </AreaChart>
      </ResponsiveContainer>
    </figure>
  );
}

/** Seconds that one point of the share covers: of a single second it would only jump. */
const shareSeconds = 10;

export function ShareChart({ seconds }: { seconds: readonly LiveSecond[] }): ReactNode {
  const shares = sharesOver(seconds);
  const newest = shares.at(-1);
  return (
    <figure className="chart" role="img" aria-label={`Of the last ${shareSeconds} seconds ${percent(newest?.review ?? 0)} for review, ${percent(newest?.block ?? 0)} blocked`}>
      <ResponsiveContainer width="100%" height={height}>
        <LineChart data={shares} margin={margin} accessibilityLayer={false}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis dataKey="at" tickFormatter={clockTime} minTickGap={60} tick={tick} stroke="var(--line)" tickLine={false} />
          <YAxis width={44} tickFormatter={(value) => percent(Number(value))} tick={tick} stroke="var(--line)" tickLine={false} axisLine={false} />
          <Tooltip labelFormatter={(at) => clockTime(String(at))} formatter={(value) => percent(Number(value))} contentStyle={tooltipStyle} isAnimationActive={false} />
          <Legend iconType="plainline" iconSize={14} align="left" wrapperStyle={legendStyle} />
          <Line dataKey="review" stroke="var(--review)" strokeWidth={1.6} dot={false} isAnimationActive={false} />
          <Line dataKey="block" stroke="var(--block)" strokeWidth={1.6} strokeDasharray="4 3" dot={false} isAnimationActive={false} />
        </LineChart>
      </ResponsiveContainer>
    </figure>
  );
}

function sharesOver(seconds: readonly LiveSecond[]): { at: string; review: number | null; block: number | null }[] {
  const sums = { approve: 0, review: 0, block: 0 };
  return seconds.map((second, index) => {
    const left = seconds[index - shareSeconds];
    for (const key of ['approve', 'review', 'block'] as const) sums[key] += second[key] - (left?.[key] ?? 0);
    const all = sums.approve + sums.review + sums.block;
    return { at: second.at, review: all === 0 ? null : sums.review / all, block: all === 0 ? null : sums.block / all };
  });
}

export function LatencyChart({ seconds }: { seconds: readonly LiveSecond[] }): ReactNode {
  const newest = seconds.at(-1);
  return (
    <figure className="chart" role="img" aria-label={`Latency in the newest second: median ${milliseconds(newest?.p50_ms)}, 99th percentile ${milliseconds(newest?.p99_ms)}`}>
      <ResponsiveContainer width="100%" height={height}>
        <LineChart data={[...seconds]} margin={margin} accessibilityLayer={false}>
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis dataKey="at" tickFormatter={clockTime} minTickGap={60} tick={tick} stroke="var(--line)" tickLine={false} />
          <YAxis width={52} tickFormatter={(value) => milliseconds(Number(value))} tick={tick} stroke="var(--line)" tickLine={false} axisLine={false} />
          <Tooltip labelFormatter={(at) => clockTime(String(at))} formatter={(value) => milliseconds(Number(value))} contentStyle={tooltipStyle} isAnimationActive={false} />
          <Legend iconType="plainline" iconSize={14} align="left" wrapperStyle={legendStyle} />
          <Line dataKey="p50_ms" name="p50" stroke="var(--accent)" strokeWidth={1.6} dot={false} isAnimationActive={false} connectNulls />
          <Line dataKey="p99_ms" name="p99" stroke="var(--second)" strokeWidth={1.6} strokeDasharray="4 3" dot={false} isAnimationActive={false} connectNulls />
        </LineChart>
      </ResponsiveContainer>
    </figure>
  );
}

const tooltipStyle = { background: 'var(--panel)', border: '1px solid var(--line)', borderRadius: 6, fontSize: 12, color: 'var(--text)' };
const legendStyle = { fontSize: 12, paddingLeft: 44 };
