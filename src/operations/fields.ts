/** An operation's input, field by field, as the command line, the queries of the admin API and the docs need it. */
import {z} from 'zod';
import type {OperationFacts} from './operation.ts';

export type Field = {
	name: string;
	kind: 'text' | 'number' | 'boolean' | 'list';
	choices?: readonly string[];
	default?: string | number | boolean;
	required: boolean;
	about: string;
};

export const fieldsOf = ({input}: OperationFacts): readonly Field[] => {
	const {properties, required = []} = inputSchema.parse(z.toJSONSchema(input, {io: 'input'}));
	return Object.entries(properties).map(([name, {type, enum: choices, default: value, description = ''}]) => ({
		name,
		kind: kinds[type],
		...(choices && {choices}),
		...(value !== undefined && {default: value}),
		required: required.includes(name),
		about: description,
	}));
};

/** What a text stands for, where it was written on a command line or in a query. What is none of its kind stays, and is refused with the rest of the input. */
export const parseFieldText = ({kind}: Field, text: string): unknown => {
	if (kind === 'number') return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
	if (kind === 'boolean') return {true: true, false: false}[text] ?? text;
	return text;
};

const kinds = {string: 'text', integer: 'number', number: 'number', boolean: 'boolean', array: 'list'} as const;

const inputSchema = z.object({
	properties: z.record(
		z.string(),
		z.object({
			type: z.enum(['string', 'integer', 'number', 'boolean', 'array']),
			enum: z.array(z.string()).optional(),
			default: z.union([z.string(), z.number(), z.boolean()]).optional(),
			description: z.string().optional(),
		}),
	),
	required: z.array(z.string()).optional(),
});
