import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { readRowBatches } from '@weir/adapters/files';
import { answerPatternCase, type PatternCase } from '@weir/patterns';
import { answerFeatures, decisionAnswerer } from '../offline/answer-cases';
import { parseKeepingNumbers } from '../offline/json-numbers';
import { LineWriter } from '../terminal';

/** Answers a file of cases, one JSON line per case, in its order. */
export async function answerCases(kind: 'features' | 'decide' | 'match', file: string): Promise<void> {
  const answer = answererOf(kind, file);
  const out = new LineWriter();
  for await (const batch of readRowBatches(file)) {
    for (const { json } of batch) await out.write(JSON.stringify(await answer(parseKeepingNumbers(json ?? 'null'))));
  }
  await out.flush();
}

function answererOf(kind: 'features' | 'decide' | 'match', file: string): (line: unknown) => unknown {
  switch (kind) {
    case 'features': return answerFeatures;
    case 'decide': return decisionAnswerer(file, new OnnxModelRuntime());
    case 'match': return (line) => answerPatternCase(line as PatternCase); // it answers with an error for what is no case
  }
}
