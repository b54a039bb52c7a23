import type { ReactNode } from 'react';
import type { Outcome } from '../api/types';

const signs: Readonly<Record<Outcome, string>> = { approve: '✓', review: '?', block: '✕' };

/** Told by word and sign too, not by colour alone. */
export const OutcomeBadge = ({ outcome }: { outcome: Outcome }): ReactNode => <span className={`badge ${outcome}`}><span aria-hidden="true">{signs[outcome]}</span> {outcome}</span>;
