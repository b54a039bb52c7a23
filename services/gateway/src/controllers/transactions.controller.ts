import { Readable } from 'node:stream';
import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RowAnswer, SubmitOptions } from '../dependencies/edge';
import { arrayMarks, arrayRows, batchAnswers, encoded, ndjsonMarks, ndjsonRows, type BatchRow } from '../events/batch';
import { idempotencyKeyOf, parseEvent, submittedRow } from '../events/event-text';
import { explained, rowText } from '../events/row-answers';
import { GatewayContext } from '../gateway-context';
import { mediaType } from '../http/body-parsers';
import { Answers, parseJsonBody, principalOf, textBody } from '../http/endpoint';
import { problems } from '../http/problem';
import { traceOf } from '../http/request-traces';
import { describe } from '../http/validation';
import { getTransaction, postBatch, postTransaction, pushEvents } from './transactions.endpoints';

@Controller(['', 'v1'])
export class TransactionsController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(postTransaction)
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { source, wait, explain } = request.url.includes('?') ? postTransaction.query(request) : noQuery;
    const text = textBody(request);
    const row = submittedRow(text, parseEvent(text), { principal: principalOf(request), idempotencyKey: idempotencyKeyOf(request.headers['idempotency-key']) });
    const [answer] = await this.gateway.deps.edge.submit([row], { source, wait: wait ?? 'decided', deadlineMs: undefined, traceparent: traceOf(request) });
    if (answer === undefined) throw new Error('the edge gave no answer for the row');
    await this.send(reply, answer, explain ?? false);
  }

  @Answers(postBatch)
  batch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const { source } = postBatch.query(request);
    if (mediaType(request.headers['content-type']) !== 'application/json') return this.sendNdjson(request, reply, source);
    const events = parseJsonBody(request);
    if (!Array.isArray(events)) throw problems.invalid('a batch is an array', [{ field: '', expected: 'an array', got: describe(events) }]);
    this.sendArray(request, reply, source, events);
  }

  @Answers(pushEvents)
  push(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const { source } = pushEvents.query(request);
    if (mediaType(request.headers['content-type']) !== 'application/json') return this.sendNdjson(request, reply, source);
    const body = pushEvents.body(request);
    if (Array.isArray(body)) this.sendArray(request, reply, source, body);
    else this.sendArray(request, reply, source ?? body.push_source_name, rowsOfColumns(body.df));
  }

  @Answers(getTransaction)
  async byTransactionId(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { transaction_id: transactionId } = getTransaction.params(request);
    const answer = await this.gateway.deps.decisions.byTransactionId(transactionId);
    if (answer === undefined) throw problems.notFound('no transaction has this id');
    await this.send(reply, answer.kind === 'decided' ? { ...answer, duplicate: false } : answer, true);
  }

  private async send(reply: FastifyReply, answer: RowAnswer, explain: boolean): Promise<void> {
    const { status, json, headers } = rowText(explain ? await explained(answer, this.gateway.deps.decisions) : answer);
    void reply.code(status).headers(headers).type('application/json; charset=utf-8').send(json);
  }

  private sendNdjson(request: FastifyRequest, reply: FastifyReply, source: string | undefined): void {
    const lines = this.answers(request, source, ndjsonRows(textBody(request)));
    void reply.headers(preferenceApplied(request)).type('application/x-ndjson').send(Readable.from(encoded(lines, ndjsonMarks)));
  }

  private sendArray(request: FastifyRequest, reply: FastifyReply, source: string | undefined, events: readonly unknown[]): void {
    const rows = this.answers(request, source, arrayRows(events));
    void reply.headers(preferenceApplied(request)).type('application/json; charset=utf-8').send(Readable.from(encoded(rows, arrayMarks)));
  }

  private answers(request: FastifyRequest, source: string | undefined, rows: Iterator<BatchRow>): AsyncGenerator<string[]> {
    const { deps, options } = this.gateway;
    const submit: SubmitOptions = { source, wait: 'decided', deadlineMs: options.batchDeadlineMs, traceparent: traceOf(request) };
    return batchAnswers(rows, { edge: deps.edge, principal: principalOf(request), submit, minimal: wantsMinimal(request), onFault: (error) => deps.logger.error({ err: error }, 'rows of a batch failed') });
  }
}

const noQuery: ReturnType<typeof postTransaction.query> = Object.freeze({});

/** RFC 7240. */
const preferenceApplied = (request: FastifyRequest): Record<string, string> => (wantsMinimal(request) ? { 'preference-applied': 'return=minimal' } : {});
const wantsMinimal = (request: FastifyRequest): boolean => /\breturn=minimal\b/i.test(header(request, 'prefer') ?? '');

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** @throws Problem 422 when the columns are not equally long. */
function rowsOfColumns(columns: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown>[] {
  const names = Object.keys(columns);
  const rows = columns[names[0] ?? '']?.length ?? 0;
  const uneven = names.find((column) => columns[column]?.length !== rows);
  if (uneven !== undefined) throw problems.invalid('the columns are not equally long', [{ field: `df.${uneven}`, expected: `${rows} values`, got: `${columns[uneven]?.length ?? 0}` }]);
  return Array.from({ length: rows }, (_, index) => Object.fromEntries(names.map((column) => [column, columns[column]?.[index]])));
}
