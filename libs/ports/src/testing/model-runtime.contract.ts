import type { ModelRuntime } from '../model-runtime';

/** A model whose answers are known. */
export interface KnownModel {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly output: string;
  readonly rows: ReadonlyArray<readonly number[]>;
  /** P(fraud) per row as float32 arithmetic gives it; NaN for no answer. */
  readonly expected: readonly number[];
}

/** What every adapter of `ModelRuntime` must do. Called from its spec, under Jest. */
export function modelRuntimeContract(title: string, make: () => ModelRuntime, models: readonly KnownModel[]): void {
  describe(`${title}: the contract of ModelRuntime`, () => {
    describe.each(models)('model $name', (model) => {
      const columns = model.rows[0]?.length ?? 0;
      const matrix = Float32Array.from(model.rows.flat());

      it('answers P(fraud) per row, in order', async () => {
        const loaded = await make().load(model);
        expect(loaded.inputs).toBe(columns);
        const answers = await loaded.score(matrix, model.rows.length);
        answers.forEach((answer, row) => {
          if (Number.isNaN(model.expected[row])) expect(answer).toBeNaN();
          else expect(Math.abs(answer - (model.expected[row] ?? Number.NaN))).toBeLessThan(2e-6);
        });
        await loaded.close();
      });

      it('gives a row the same bits alone and in any batch', async () => {
        const loaded = await make().load(model);
        const many = Array.from({ length: 200 }, (_, row) => model.rows[row % model.rows.length] ?? []);
        const all = await loaded.score(Float32Array.from(many.flat()), many.length);
        for (const batch of [1, 7, 64]) {
          const parts: number[] = [];
          for (let from = 0; from < many.length; from += batch) parts.push(...(await loaded.score(Float32Array.from(many.slice(from, from + batch).flat()), Math.min(batch, many.length - from))));
          expect(Float64Array.from(parts)).toEqual(all);
        }
        await loaded.close();
      });

      it('answers nothing for no rows, and reads no more of the matrix than the rows asked for', async () => {
        const loaded = await make().load(model);
        expect(await loaded.score(new Float32Array(0), 0)).toHaveLength(0);
        expect(await loaded.score(matrix, 1)).toHaveLength(1);
        await expect(loaded.score(matrix.subarray(0, columns - 1), 1)).rejects.toThrow(RangeError);
        await loaded.close();
      });

      it('refuses an output the model does not have', async () => {
        await expect(make().load({ ...model, output: 'nothing' })).rejects.toMatchObject({ code: 'WEIR_MODEL_INVALID', findings: [{ field: 'output', got: 'nothing' }] });
        await expect(make().load({ ...model, output: 'a[b' })).rejects.toMatchObject({ code: 'WEIR_MODEL_INVALID' });
      });

      it('fails once it is closed', async () => {
        const loaded = await make().load(model);
        await loaded.close();
        await loaded.close();
        await expect(loaded.score(matrix, 1)).rejects.toMatchObject({ code: 'WEIR_MODEL_FAILED' });
      });
    });

    it.each([['nothing', new Uint8Array(0)], ['no model', new TextEncoder().encode('this is not a model')]])('refuses bytes that are %s', async (_name, bytes) => {
      await expect(make().load({ bytes, output: 'p' })).rejects.toMatchObject({ code: 'WEIR_MODEL_INVALID' });
    });
  });
}
