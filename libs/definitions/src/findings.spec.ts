import { WeirError } from '@weir/contracts';
import { parseDocuments } from './documents';
import { resolveSet } from './resolve-set';

/** A right set; each test below puts one thing wrong behind it. */
const base = `kind: Source
name: transactions
id: transaction_id
time: event_time
fields: { transaction_id: string!, card_id: string!, amount: money, country: string, ok: bool, lat: number, lon: number }
---
{ kind: Entity, name: card, key: card_id }
---
{ kind: Entity, name: courier, key: courier_id }
---
kind: FeatureView
name: velocity
entity: card
source: transactions
features:
  - { name: tx_count, agg: count, windows: [1h] }
  - { name: last_country, agg: last, of: country }
---
{ kind: List, name: blocked, of: card_id }
---
{ kind: FeatureService, name: fraud_v1, features: ["velocity:*"] }
`;

function findingsOf(text: string): { message: string; findings: readonly { where: string; field: string; expected: string; got: string; name?: string }[] } {
  try {
    resolveSet(parseDocuments([{ file: 'base.yaml', text: base }, { file: 'more.yaml', text }]));
  } catch (problem) {
    if (problem instanceof WeirError && problem.code === 'WEIR_DEFINITION_INVALID') return { message: problem.message, findings: problem.findings };
    throw problem;
  }
  throw new Error('nothing was refused');
}

const view = (feature: string): string => `kind: FeatureView\nname: wrong\nentity: card\nsource: transactions\nfeatures:\n  - { name: right, agg: count, windows: [5m] }\n  - ${feature}`;
const pattern = (steps: string): string => `kind: Pattern\nname: wrong\nkey: card\npattern:\n${steps}`;

describe('a definition that is wrong is refused with its name, its file and line, what was expected and what was there', () => {
  it.each([
    ['an unknown field', 'kind: Rule\nname: wrong\nwhen: "true"\nwieght: 0.5', 4, 'wieght', /known field/, /wieght/],
    ['a field that is missing', 'kind: Rule\nname: wrong\nweight: 0.5', 1, 'when', /string/, /nothing/],
    ['an unknown kind', 'kind: Rool\nname: wrong', 1, 'kind', /one of Source, Entity/, /Rool/],
    ['a weight beyond 1', 'kind: Rule\nname: wrong\nwhen: "true"\nweight: 1.5', 4, 'weight', /0 to 1/, /1\.5/],
    ['an outcome that there is not', 'kind: Rule\nname: wrong\nwhen: "true"\noutcome: deny', 4, 'outcome', /none \| review \| block \| approve/, /deny/],
    ['a condition that is none', 'kind: Rule\nname: wrong\nwhen: tx.amount + 1', 3, 'when', /bool/, /int/],
    ['an unknown name in a condition', 'kind: Rule\nname: wrong\nwhen: tx.amuont > 1', 3, 'when', /fields of transactions: amount/, /tx\.amuont, 1:1/],
    ['a number against a text', 'kind: Rule\nname: wrong\nwhen: tx.amount == "10"', 3, 'when', /a number/, /string/],
    ['syntax', 'kind: Rule\nname: wrong\nwhen: tx.amount >', 3, 'when', /./, /tx\.amount >/],
    ['a list that there is not', 'kind: Rule\nname: wrong\nwhen: tx.card_id in lists.nothing', 3, 'when', /blocked/, /lists\.nothing/],
    ['an action on an unknown list', 'kind: Rule\nname: wrong\nwhen: "true"\nthen:\n  - alert: high\n  - add_to_list: { list: nothing }', 6, 'then[1].add_to_list.list', /blocked/, /nothing/],
    ['an action of an unknown form', 'kind: Rule\nname: wrong\nwhen: "true"\nthen: [{ call: me }]', 4, 'then[0]', /add_to_list/, /call/],
    ['a time that is none', 'kind: Rule\nname: wrong\nwhen: "true"\nvalid_from: tomorrow', 4, 'valid_from', /ISO 8601/, /tomorrow/],
    ['an unknown entity', 'kind: FeatureView\nname: wrong\nentity: nobody\nsource: transactions\nfeatures: [{ name: n, agg: count }]', 3, 'entity', /card, courier/, /nobody/],
    ['an unknown source', 'kind: FeatureView\nname: wrong\nentity: card\nsource: nowhere\nfeatures: [{ name: n, agg: count }]', 4, 'source', /transactions/, /nowhere/],
    ['an entity whose key the source lacks', 'kind: FeatureView\nname: wrong\nentity: courier\nsource: transactions\nfeatures: [{ name: n, agg: count }]', 3, 'entity', /key is a field of transactions/, /courier_id/],
    ['a feature of a field that there is not', view('{ name: x, agg: sum, of: amuont }'), 7, 'features[1].of', /amount/, /amuont/],
    ['the sum of a text', view('{ name: x, agg: sum, of: country }'), 7, 'features[1].of', /numeric/, /country of type string/],
    ['an expression of the wrong type in of', view('{ name: x, agg: sum, of: "tx.country + \\"!\\"" }'), 7, 'features[1].of', /numeric/, /string/],
    ['an unknown aggregate', view('{ name: x, agg: average, of: amount }'), 7, 'features[1].agg', /avg/, /average/],
    ['ratio as an aggregate', view('{ name: x, agg: ratio, of: amount }'), 7, 'features[1].agg', /expr: "ratio/, /ratio/],
    ['a parameter that is missing', view('{ name: x, agg: last_n, of: amount }'), 7, 'features[1].n', /n for last_n/, /nothing/],
    ['a parameter that says nothing', view('{ name: x, agg: count, k: 3 }'), 7, 'features[1].k', /no k for count/, /3/],
    ['geo_speed of one field', view('{ name: x, agg: geo_speed, of: lat }'), 7, 'features[1].of', /\[lat, lon\]/, /lat/],
    ['a duration that is none', view('{ name: x, agg: count, windows: [1 hour] }'), 7, 'features[1].windows[0]', /duration/, /1 hour/],
    ['a window of an unknown kind', view('{ name: x, agg: count, window: { kind: decade } }'), 7, 'features[1].window', /tumbling/, /decade/],
    ['a zone that there is not', view('{ name: x, agg: count, window: { kind: day, zone: Europe/Atlantis } }'), 7, 'features[1].window.zone', /IANA/, /Atlantis/],
    ['bounds where they mean nothing', view('{ name: x, agg: count, window: { last: 5 }, bounds: closed }'), 7, 'features[1].bounds', /sliding/, /rows/],
    ['a delay where it means nothing', view('{ name: x, agg: count, window: { kind: session, gap: 5m }, delay: 1h }'), 7, 'features[1].delay', /sliding/, /session/],
    ['a name twice in the view', view('{ name: right_5m, agg: count }'), 7, 'features[1].name', /once/, /right_5m/],
    ['an aggregate beside an expression', view('{ name: x, agg: count, expr: "1" }'), 7, 'features[1].agg', /expr alone/, /agg/],
    ['an expression over nothing known', view('{ name: x, expr: "ratio(right_5m, left_5m)" }'), 7, 'features[1].expr', /right_5m/, /left_5m/],
    ['an expression over itself', view('{ name: x, expr: x + 1 }'), 7, 'features[1].expr', /no cycle: x needs x/, /./],
    ['expressions in a circle', view('{ name: x, expr: y + 1 }\n  - { name: y, expr: x + 1 }'), 8, 'features[2].expr', /no cycle: x needs y needs x/, /./],
    ['a where of a feature that is no condition', view('{ name: x, agg: count, where: tx.amount }'), 7, 'features[1].where', /bool/, /int/],
    ['a feature in a where', view('{ name: x, agg: count, where: features.tx_count_1h > 1 }'), 7, 'features[1].where', /one of tx, profile/, /features/],
    ['a policy with two due times for one loss', 'kind: Policy\nname: wrong\nsla: [{ within: 1h }, { from: 0, within: 2h }]', 3, 'sla', /one step for each/, /two from 0/],
    ['a policy with a due time that is none', 'kind: Policy\nname: wrong\nsla: [{ within: soon }]', 3, 'sla[0].within', /./, /soon/],
    ['a policy that blocks before it reviews', 'kind: Policy\nname: wrong\nbands: { review: 0.9, block: 0.5 }', 3, 'bands', /review at most block/, /review 0\.9, block 0\.5/],
    ['a list of an unknown field', 'kind: List\nname: wrong\nof: nothing', 3, 'of', /card_id/, /nothing/],
    ['a cidr list of a number', 'kind: List\nname: wrong\nof: amount\nmatch: cidr', 3, 'of', /string/, /money/],
    ['a service over an unknown view', 'kind: FeatureService\nname: wrong\nfeatures:\n  - "velocity:*"\n  - "nothing:*"', 5, 'features[1]', /velocity/, /nothing/],
    ['a service over an unknown feature', 'kind: FeatureService\nname: wrong\nfeatures: ["velocity:tx_count_7d"]', 3, 'features[0]', /tx_count_1h/, /tx_count_7d/],
    ['a model over an unknown service', 'kind: Model\nname: wrong\nfile: a.onnx\nfeatures: fraud_v9', 4, 'features', /fraud_v1/, /fraud_v9/],
    ['a model over a text', 'kind: Model\nname: wrong\nfile: a.onnx\nfeatures: fraud_v1', 4, 'features', /numeric or bool/, /last_country of type string/],
    ['a table without its key', 'kind: Table\nname: wrong\nkey: id\nfields: { a: string }', 3, 'key', /one of the fields: a/, /id/],
    ['a pattern by an unknown entity', pattern('  - { name: a, where: "true" }').replace('card', 'nobody'), 3, 'key', /card/, /nobody/],
    ['a pattern over an unknown source', `${pattern('  - { name: a, where: "true" }')}\nsources: [nowhere]`, 6, 'sources[0]', /transactions/, /nowhere/],
    ['two steps of one name', pattern('  - { name: a }\n  - { name: a }'), 6, 'pattern[1].name', /once/, /a/],
    ['a step called tx', pattern('  - { name: tx }'), 5, 'pattern[0].name', /another name/, /tx/],
    ['a step whose condition is none', pattern('  - { name: a, where: tx.amount }'), 5, 'pattern[0].where', /bool/, /int/],
    ['a step that looks ahead', pattern('  - { name: a, where: count(b) > 1 }\n  - { name: b }'), 5, 'pattern[0].where', /one of tx, features, profile, a/, /b/],
    ['a score in a pattern', pattern('  - { name: a, where: score > 0.5 }'), 5, 'pattern[0].where', /one of tx, features, profile/, /score/],
    ['a JSON condition over an unknown field', pattern('  - { name: a, where: { field: amuont, op: gt, value: 1 } }'), 5, 'pattern[0].where.field', /amount/, /amuont/],
    ['a skip to an unknown step', `${pattern('  - { name: a }')}\nskip: { to_first: b }`, 6, 'skip.to_first', /a/, /b/],
    ['a step with an unknown field', pattern('  - { name: a, time: 3 }'), 5, 'pattern[0].time', /known field/, /time/],
    ['a second decided source', 'kind: Source\nname: wrong\nid: a\ntime: t\ndecide: true\nfields: { a: string! }\n---\nkind: Source\nname: wronger\nid: a\ntime: t\ndecide: true\nfields: { a: string! }', 12, 'decide', /one source/, /true/],
    ['a source without its id', 'kind: Source\nname: wrong\nid: nothing\ntime: t\nfields: { a: string! }', 3, 'id', /one of the fields: a/, /nothing/],
    ['a field of an unknown type', 'kind: Source\nname: wrong\nid: a\ntime: t\nfields:\n  a: string!\n  b: decimal', 7, 'fields.b', /string, number, int, money/, /decimal/],
    ['decimals on what is no money', 'kind: Source\nname: wrong\nid: a\ntime: t\nfields:\n  a: string!\n  b: { type: number, decimals: 2 }', 7, 'fields.b.decimals', /money/, /number/],
    ['a field called in', 'kind: Source\nname: wrong\nid: a\ntime: t\nfields:\n  a: string!\n  in: string', 7, 'fields.in', /word of the language/, /in/],
    ['a source called labels', 'kind: Source\nname: labels\nid: a\ntime: t\nfields: { a: string! }', 2, 'name', /built in/, /labels/],
    ['a name twice', 'kind: List\nname: blocked\nof: card_id', 2, 'name', /defined once/, /base\.yaml:/],
    ['a member that is no field', 'kind: Source\nname: wrong\nid: a\ntime: t\nfields: { a: string!, __proto__: string }', 5, 'fields.__proto__', /no field __proto__/, /__proto__/],
    ['YAML that is none', 'kind: Rule\n  name: wrong', 1, '', /YAML/, /./],
    ['a text where a definition should be', 'just words', 1, '', /definition with kind and name/, /just words/],
  ] as const)('%s', (_what, text, line, field, expected, got) => {
    const { message, findings } = findingsOf(text);
    const shown = findings.map((finding) => `${finding.where} ${finding.field}: ${finding.expected} / ${finding.got}`).join('\n');
    const found = findings.find((finding) => finding.where === `more.yaml:${line}` && finding.field === field && expected.test(finding.expected) && got.test(finding.got));
    if (found === undefined) throw new Error(`no such finding among\n${shown}`);
    if (found.name !== undefined) expect(message).toContain(found.name);
  });
});

describe('findings', () => {
  it('come all at once, of all files', () => {
    const { findings, message } = findingsOf('kind: Rule\nname: one\nwhen: tx.nothing\n---\nkind: Rule\nname: two\nwhen: "true"\nweight: 2\nmode: "on"\n---\n{ kind: List, name: three, of: nothing }');
    expect(findings.map((finding) => `${finding.where} ${finding.name}.${finding.field}`).sort()).toEqual(['more.yaml:11 three.of', 'more.yaml:3 one.when', 'more.yaml:8 two.weight', 'more.yaml:9 two.mode']);
    for (const name of ['one', 'two', 'three']) expect(message).toContain(name);
  });

  it('do not blame what refers to a definition that is refused itself', () => {
    const { findings } = findingsOf(`${view('{ name: x, agg: nothing }')}\n---\n{ kind: Rule, name: innocent, when: features.wrong.right_5m > 1 && features.wrong.x > 1 }`);
    expect(findings.map((finding) => finding.name)).toEqual(['wrong']);
  });

  it('of definitions that are JSON already say the path', () => {
    expect(() => resolveSet([...parseDocuments([{ file: 'base.yaml', text: base }]), ...parseDocuments([{ file: 'x.json', text: '[\n{"kind": "Rule", "name": "fine", "when": "true"},\n{"kind": "Rule", "name": "wrong",\n "when": 3}\n]' }])])).toThrow('x.json:4: wrong.when');
  });
});
