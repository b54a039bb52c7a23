import type { Command } from 'commander';
import { WeirError } from '@weir/contracts';
import { Client } from '../client';
import { objectOf, objectsOf, print, remote, shown, textsOf, type JsonObject, type RemoteFlags } from './remote';

interface WhyNotFlags extends RemoteFlags { readonly pattern?: string; readonly rule?: string }

/** Why a rule or a pattern did not speak for a decision; or where a pattern stands with a card, a device. */
export function registerWhyNot(program: Command): void {
  remote(program.command('why-not').description('why a rule or pattern did not speak for a decision; or where a pattern stands with an entity such as card:4000…').argument('<decision_id|TYPE:KEY>', 'e.g. d-0-17, or card:4000002000000008')
    .option('--pattern <name>', 'a pattern').option('--rule <name>', 'a rule; for a decision alone'))
    .action(async (subject: string, flags: WhyNotFlags) => {
      if ((flags.pattern === undefined) === (flags.rule === undefined)) throw new WeirError('WEIR_USAGE', 'either --pattern or --rule is needed');
      const colon = subject.indexOf(':');
      if (colon < 0) return whyNotDecision(subject, flags);
      if (flags.pattern === undefined) throw new WeirError('WEIR_USAGE', '--rule goes with a decision; for an entity give --pattern');
      return standing(subject.slice(0, colon), subject.slice(colon + 1), flags.pattern, flags);
    });
}

async function whyNotDecision(id: string, flags: WhyNotFlags): Promise<void> {
  const query = flags.pattern === undefined ? `rule=${encodeURIComponent(flags.rule ?? '')}` : `pattern=${encodeURIComponent(flags.pattern)}`;
  const why = objectOf(await new Client(flags).json('GET', `/decisions/${encodeURIComponent(id)}/why-not?${query}`));
  if (flags.json === true) return print(JSON.stringify(why));
  for (const line of whyLines(why)) print(line);
}

async function standing(type: string, key: string, pattern: string, flags: WhyNotFlags): Promise<void> {
  const answer = objectOf(await new Client(flags).json('GET', `/entities/${encodeURIComponent(type)}/${encodeURIComponent(key)}/why-not?pattern=${encodeURIComponent(pattern)}`));
  if (flags.json === true) return print(JSON.stringify(answer));
  print(`${pattern} version ${shown(answer['version'])}: ${shown(answer['open_count'])} partial matches open`);
  for (const { steps, awaits, since, until } of objectsOf(answer['open'])) {
    print(`  ${Object.entries(objectOf(steps)).map(([step, ids]) => `${step} ${textsOf(ids).join(' ')}`).join('; ')}; since ${shown(since)}, awaits ${textsOf(awaits).join(' or ') || 'silence'}${until === null ? '' : ` until ${shown(until)}`}`);
  }
  const latest = answer['latest'];
  if (latest === null) return print('no decision of it yet');
  const { decision_id: id, transaction_id: transactionId, ...why } = objectOf(latest);
  print(`latest decision ${shown(id)}, transaction ${shown(transactionId)}:`);
  for (const line of whyLines(why)) print(`  ${line}`);
}

function* whyLines(why: JsonObject): Generator<string> {
  yield shown(why['explanation']);
  for (const { text, held, value } of objectsOf(why['parts'])) yield `  ${held === null ? 'unknown' : held === true ? 'held   ' : 'not    '}  ${shown(text)}${value === null || (Array.isArray(value) && value.length === 0) ? '' : `: ${Array.isArray(value) ? textsOf(value).join(' ') : shown(value)}`}`;
}
