/** What `doctor` finds. */
import {z} from 'zod';

export const finding = z.object({
	check: z.string(),
	state: z.enum(['ok', 'note', 'failed']),
	fact: z.string(),
	advice: z.string().optional().describe('What to do'),
});

export const doctor = {
	input: z.strictObject({}),
	output: z.object({findings: z.array(finding), ok: z.boolean().describe('Nothing keeps a server from starting')}),
};
