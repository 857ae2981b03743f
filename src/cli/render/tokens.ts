/** Static tokens: a line for each, and a new one by itself. */
import type {TokenRow} from '../../operations/answers/tokens.ts';
import type {Rendering} from './renderings.ts';
import {tableOf} from './table.ts';
import {moment} from './words.ts';

export const newToken: Rendering<'tokens.create'> = {
	text: ({token, text}, paint) => [
		text,
		'',
		`${paint('yellow', 'note')}: this is the only time that it is shown. It ${token.expiresAt ? `expires on ${moment(token.expiresAt)}` : 'does not expire'}.`,
		'Servers know it within two seconds; any user name goes with it: docker login --username token --password-stdin',
	],
};

export const tokenList: Rendering<'tokens.list'> = {
	text: ({tokens}, paint) =>
		tokens.length === 0
			? ['there are no tokens']
			: tableOf(
					tokens,
					[
						{title: 'NAME', of: ({name}: TokenRow) => name},
						{title: '', of: ({state}) => paint(state === 'in use' ? 'green' : 'dim', state)},
						{title: 'RIGHTS', of: rightsOf},
						{title: 'CREATED', of: ({createdAt}) => moment(createdAt)},
						{title: 'BY', of: ({createdBy}) => createdBy},
						{
							title: 'ENDS',
							of: ({revokedAt, expiresAt}) => ((revokedAt ?? expiresAt) ? moment((revokedAt ?? expiresAt) as string) : 'never'),
						},
					],
					paint,
				),
};

export const revokedToken: Rendering<'tokens.revoke'> = {
	text: ({token: {name}}) => [`${name} is revoked; every server knows within 30 s, also of what was issued for it`],
};

const rightsOf = ({grants}: TokenRow): string =>
	grants === undefined ? 'by the policy' : grants.map(({may, on}) => `${may.join(',')} on ${on.join(' ')}`).join('; ');
