export type { DecisionRecord } from '../../../src/schemas/decision.schema';
export type { LiveSecond } from '../../../src/live/live-feed';

import type { z } from 'zod';
import type { driftSchema, modelSchema, qualitySchema } from '../../../src/schemas/models.schema';
import type { lineageAnswer } from '../../../src/schemas/definitions.schema';
import type { verificationAnswer } from '../../../src/schemas/verification.schema';
import type { alertSchema } from '../../../src/schemas/alerts.schema';
import type { caseSchema, caseWithComments, linksAnswer, timelineAnswer } from '../../../src/schemas/cases.schema';

import type { matchSchema, standingSchema } from '../../../src/schemas/matches.schema';

export type Match = z.infer<typeof matchSchema>;
export type Standing = z.infer<typeof standingSchema>;
export type StoredAlert = z.infer<typeof alertSchema>;
export type ReviewCase = z.infer<typeof caseSchema>;
export type CaseWithComments = z.infer<typeof caseWithComments>;
export type Timeline = z.infer<typeof timelineAnswer>;
export type Links = z.infer<typeof linksAnswer>;
export type Resolution = NonNullable<ReviewCase['resolution']>;

export type LineageGraph = z.infer<typeof lineageAnswer>;
export type VerificationNow = z.infer<typeof verificationAnswer>;

export type ModelNow = z.infer<typeof modelSchema>;
export type ModelWeek = z.infer<typeof qualitySchema>;
export type DriftWindow = z.infer<typeof driftSchema>;

export interface PatternDocument { readonly name: string; readonly version: number; readonly key: string; readonly pattern: readonly unknown[]; readonly within?: string; readonly skip?: unknown; readonly mode?: string; readonly matching?: string; readonly weight?: number; readonly reason?: string; readonly sources?: readonly string[]; readonly on_change?: string }
/** As `/decisions/{id}/near-misses` answers. */
export interface NearMisses { readonly what_if: readonly string[]; readonly rules: ReadonlyArray<{ readonly rule: string; readonly text: string }> }
export type Outcome = 'approve' | 'review' | 'block';
export const outcomes: readonly Outcome[] = ['approve', 'review', 'block'];

export interface Who { readonly name: string; readonly roles: readonly string[] }
export interface Readiness { readonly status: 'ok' | 'unavailable'; readonly missing: ReadonlyArray<{ readonly name: string; readonly why: string }> }
export interface AlertNote { readonly at: string; readonly severity: string; readonly transaction_id: string | null; readonly text: string }
