/** What a setting is: one variable of the environment. */
import type {z} from 'zod';

/** `key` is its name in code, `room` the chapter of the docs, `shown` its default as the docs say it where the schema does not. */
export type Setting = {key: string; about: string; schema: z.ZodType; shown?: string; room: string};
export type SettingsTable = Record<`LAYERCACHE_${string}`, Setting>;

export const settingIn =
	(room: string) =>
	<const K extends string, S extends z.ZodType>(key: K, schema: S, about: string, shown?: string) => ({key, room, schema, about, shown});
