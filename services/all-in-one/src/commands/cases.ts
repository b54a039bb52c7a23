import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { readLineBatches } from '@weir/adapters/files';
import { answerPatternCase, type PatternCase } from '@weir/patterns';
import { answerFeatures, decisionAnswerer } from '../offline/answer-cases';
import { parseKeepingNumbers } from '../offline/json-numbers';
import { exitCodes, LineWriter, say } from '../terminal';

/** Answers a file of cases, one JSON line per case, in its order. A line that is no JSON object says so in its `error`; the others are answered, and the exit code is that of wrong input. */
export async function answerCases(kind: 'features' | 'decide' | 'match', file: string, to: NodeJS.WritableStream = process.stdout): Promise<void> {
  const answer = answererOf(kind, file);
  const out = new LineWriter(to);
  for await (const batch of readLineBatches(file)) {
    for (const { line, text } of batch) {
      const asked = caseOf(text);
      if (typeof asked === 'string') {
        const error = `${file}:${line}: expected a JSON object, got ${asked}`;
        say(error);
        process.exitCode = exitCodes.wrongInput;
        await out.write(JSON.stringify({ name: null, error: kind === 'match' ? { phase: 'compile', message: error } : error }));
      } else await out.write(JSON.stringify(await answer(asked)));
    }
  }
  await out.flush();
}

/** The line as an object, or in words what is there instead. */
function caseOf(text: string): object | string {
  try {
    const value = parseKeepingNumbers(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : text.slice(0, 80);
  } catch (error) { return error instanceof Error ? error.message : text.slice(0, 80); }
}

function answererOf(kind: 'features' | 'decide' | 'match', file: string): (line: unknown) => unknown {
  switch (kind) {
    case 'features': return answerFeatures;
    case 'decide': return decisionAnswerer(file, new OnnxModelRuntime());
    case 'match': return (line) => answerPatternCase(line as PatternCase); // it answers with an error for what is no case
  }
}
