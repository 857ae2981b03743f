/** What the schemas of JSON documents share. */
import {z} from 'zod';

/** A field that may be missing. Go writes an absent slice or map as `null`, so that is taken for missing too. */
export const optional = <T extends z.ZodType>(schema: T) => z.optional(z.nullable(schema).transform(value => value ?? undefined));

/** A JSON object, neither null nor a list. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
