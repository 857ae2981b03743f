/** What the operations on static tokens take and answer. */
import {z} from 'zod';
import {tokenName} from '../../auth/staticTokens.ts';
import {actions} from '../../config/actions.ts';
import type {Unchanging} from '../operation.ts';
import {asOf, duration, refPattern, time} from './values.ts';

const name = tokenName.describe('Of the token: a name such as `deploy-host-1`, which rules of the policy and the audit go by');

/** Words with commas or blanks between them. */
const words = (text: string): string[] => text.split(/[\s,]+/).filter(word => word !== '');

const actionList = z
	.string()
	.transform(words)
	.pipe(z.array(z.enum(actions, `must be of ${actions.join(', ')}, with commas between them`)).min(1, 'must name an action'));

/** A comma may be a part of a pattern. */
const patternList = z
	.string()
	.transform(text => text.split(/\s+/).filter(word => word !== ''))
	.pipe(z.array(refPattern.transform(({text}) => text)).min(1, 'must have a pattern'));

const tokenRow = z.object({
	name: z.string(),
	id: z.string().describe('The first part of its text: `lc_<id>_…`'),
	state: z.enum(['in use', 'expired', 'revoked']),
	createdAt: time,
	createdBy: z.string().describe('The identity, or `local:` and the user of a command on the store itself'),
	expiresAt: time.optional(),
	revokedAt: time.optional(),
	grants: z
		.array(z.object({may: z.array(z.enum(actions)), on: z.array(z.string())}))
		.optional()
		.describe('Exactly these rights; missing where those of the policy hold'),
});
export type TokenRow = Unchanging<z.output<typeof tokenRow>>;

export const tokensCreate = {
	input: z
		.strictObject({
			name,
			may: actionList
				.optional()
				.describe(
					`Exactly these rights, with \`on\`, whatever the policy says: of ${actions.map(action => `\`${action}\``).join(', ')}, with commas between them`,
				),
			on: patternList
				.optional()
				.describe('Patterns of refs that `may` is about, with blanks between them, such as `ci/**:pr-* ci/**:main`'),
			expiresIn: duration.optional().describe('How long it can be used, such as `90d`; without it, until it is revoked'),
		})
		.refine(({may, on}) => (may === undefined) === (on === undefined), {path: ['on'], message: 'goes together with `may`'}),
	output: z.object({
		token: tokenRow,
		text: z.string().describe('The token itself: told now, and never again'),
	}),
};

export const tokensList = {
	input: z.strictObject({
		all: z.boolean().default(false).describe('Also those that have expired or were revoked, for 90 days'),
	}),
	output: z.object({asOf, tokens: z.array(tokenRow).describe('Newest first')}),
};

export const tokensRevoke = {
	input: z.strictObject({name}),
	output: z.object({token: tokenRow}),
};
