/** One line of the audit: events that were equal but for their time, as JSON. */
import {z} from 'zod';

/** Times by the store's clock. `requestId` is of the first event. */
const lineSchema = z.object({
	/** The version of this shape; what tells these lines from others in a common stream. */
	audit: z.literal(1),
	first: z.iso.datetime(),
	last: z.iso.datetime(),
	count: z.int().positive(),
	what: z.string(),
	who: z.string(),
	from: z.string(),
	repo: z.string().optional(),
	tag: z.string().optional(),
	digest: z.string().optional(),
	allowed: z.boolean(),
	why: z.string(),
	status: z.int().optional(),
	input: z.string().optional(),
	claimed: z.string().optional(),
	requestId: z.string(),
});
export type AuditLine = z.output<typeof lineSchema>;

export const formatLine = (line: AuditLine): string => `${JSON.stringify(line)}\n`;

/** Undefined where this is no line of an audit. */
export const parseLine = (text: string): AuditLine | undefined => {
	try {
		return lineSchema.safeParse(JSON.parse(text)).data;
	} catch {
		return undefined;
	}
};
