import { z } from 'zod';

const fieldError = z.object({
  field: z.string(), expected: z.string(), got: z.string(),
  where: z.string().optional().meta({ description: 'File and line, where definitions came as text.' }),
  name: z.string().optional().meta({ description: 'The definition at fault.' }),
});

/** RFC 9457. */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'Stable: `urn:weir:problem:` and a code.', examples: ['urn:weir:problem:WEIR_INPUT_INVALID'] }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional(),
    instance: z.string().optional(),
    errors: z.array(fieldError).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });
export type ProblemBody = z.infer<typeof problemSchema>;
