import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { WeirError } from '@weir/contracts';
import { answerExplainFile } from '@weir/models';
import { Client } from '../client';
import { LineWriter } from '../terminal';
import { isObject, objectOf, objectsOf, print, remote, shown, textsOf, type JsonObject, type RemoteFlags } from './remote';

interface ExplainFlags extends RemoteFlags { readonly model?: string; readonly background?: string; readonly rows?: string }

/** Why a decision came out as it did; or what a model made of each row of a file. */
export function registerExplain(program: Command): void {
  remote(program.command('explain').description("why a decision came out as it did; or, offline, a model's contributions for the rows of a file").argument('[decision_id]', 'a decision of a running suite')
    .option('--model <file>', 'ONNX').option('--background <file>', 'CSV: rows the model knows as usual').option('--rows <file>', 'CSV: rows to explain'))
    .action(async (id: string | undefined, flags: ExplainFlags) => (id === undefined ? explainRows(flags) : explainDecision(id, flags)));
}

async function explainRows({ model, background, rows }: ExplainFlags): Promise<void> {
  if (model === undefined || background === undefined || rows === undefined) throw new WeirError('WEIR_USAGE', 'DECISION_ID is expected, or all of --model, --background and --rows');
  const out = new LineWriter();
  for (const line of answerExplainFile(readInput(model), readInput(background).toString('utf8'), readInput(rows).toString('utf8'))) {
    const wait = out.write(JSON.stringify(line));
    if (wait) await wait;
  }
  await out.flush();
}

function readInput(file: string): Buffer {
  try { return readFileSync(file); } catch (cause) { throw new WeirError('WEIR_USAGE', `${file}: no such file, or not readable`, { cause }); }
}

async function explainDecision(id: string, flags: RemoteFlags): Promise<void> {
  const client = new Client(flags);
  const path = `/decisions/${encodeURIComponent(id)}`;
  const decision = objectOf(await client.json('GET', path));
  if (decision['outcome'] === undefined) throw new WeirError('WEIR_USAGE', `${id} is not decided yet`, { retriable: true });
  const near = objectOf(await client.json('GET', `${path}/near-misses`));
  if (flags.json) return print(JSON.stringify({ ...decision, band: near['band'], what_if: near['what_if'], near_misses: near['rules'] }));
  for (const line of [...headLines(decision), ...reasonLines(decision), ...modelLines(decision['model']), ...nearLines(near)]) print(line);
}

function* headLines(decision: JsonObject): Generator<string> {
  yield `${shown(decision['id'])}: transaction ${shown(decision['transaction_id'])} of ${shown(decision['event_time'])}`;
  yield `${shown(decision['outcome'])}, decided by ${shown(decision['decided_by'])}; score ${shown(decision['score'])}, policy ${shown(decision['policy'])}, set ${shown(decision['set']).slice(0, 12)}`;
  const overruled = textsOf(decision['overruled']);
  if (overruled.length > 0) yield `overruled: ${overruled.join(', ')}`;
  if (decision['degraded'] === true) yield `degraded: ${textsOf(decision['degraded_why']).join('; ')}`;
}

function* reasonLines(decision: JsonObject): Generator<string> {
  const reasons = objectsOf(decision['reasons']);
  yield reasons.length === 0 ? 'nothing spoke against it' : 'because:';
  for (const { kind, name, text, contribution } of reasons) yield `  ${signed(contribution)}  ${shown(kind)} ${shown(name)}: ${shown(text)}`;
  for (const match of objectsOf(decision['matches'])) {
    const steps = isObject(match['events']) ? Object.entries(match['events']).map(([step, ids]) => `${step} ${textsOf(ids).join(' ')}`) : [];
    yield `  matched ${shown(match['pattern'])}: ${steps.join('; ')}`;
  }
  for (const [field, title] of [['lists', 'on lists'], ['unknown', 'could not be told'], ['shadow', 'in shadow'], ['snoozed', 'snoozed']] as const) {
    const names = textsOf(decision[field]);
    if (names.length > 0) yield `${title}: ${names.join(', ')}`;
  }
}

/** Contributions shown to people; JSON has all. */
const contributionsMax = 12;

function* modelLines(model: unknown): Generator<string> {
  if (!isObject(model)) return;
  yield model['p'] === null ? `model ${shown(model['name'])} gave no answer` : `model ${shown(model['name'])} version ${shown(model['version'])}: P(fraud) ${shown(model['p'])}`;
  if (!isObject(model['contributions'])) return;
  const parts = Object.entries(model['contributions']).map(([name, value]) => ({ name, value: Number(value) })).filter(({ value }) => value !== 0).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  yield `  ${signed(model['base'])}  usual`;
  for (const { name, value } of parts.slice(0, contributionsMax)) yield `  ${signed(value)}  ${name}`;
  if (parts.length > contributionsMax) yield `  ${signed(parts.slice(contributionsMax).reduce((sum, { value }) => sum + value, 0))}  ${parts.length - contributionsMax} others`;
  yield `  ${signed(model['margin'])}  margin`;
}

function* nearLines(near: JsonObject): Generator<string> {
  if (isObject(near['band'])) yield bandLine(near['band']);
  const whatIf = textsOf(near['what_if']), rules = objectsOf(near['rules']);
  if (whatIf.length > 0) yield `otherwise: ${whatIf.join('; ')}`;
  if (rules.length > 0) yield 'nearly fired:';
  for (const { rule, text } of rules) yield `  ${shown(rule)}: ${shown(text)}`;
}

/** Which band the score is in, and how far the next ones are. */
function bandLine({ band, up, down }: JsonObject): string {
  const away = [typeof up === 'number' ? `${up.toFixed(4)} below ${band === 'approve' ? 'review' : 'what is blocked'}` : '', typeof down === 'number' ? `${down.toFixed(4)} above ${band === 'block' ? 'the end of review' : 'what is approved'}` : ''];
  return `score in the band ${shown(band)}: ${away.filter((each) => each !== '').join(', ')}`;
}

const signed = (value: unknown): string => { const number = Number(value); return `${number < 0 ? '−' : '+'}${Math.abs(number).toFixed(4)}`; };
