/** Makes, lists and revokes static tokens. */
import {isInUse, type StaticToken, TokenNameTaken, TooManyTokens} from '../../auth/staticTokens.ts';
import type {Administration} from '../administration.ts';
import type {TokenRow} from '../answers/tokens.ts';
import {OperationError} from '../operation.ts';
import type {Run, Runs} from '../operations.ts';

type TokenRuns = Pick<Runs, 'tokens.create' | 'tokens.list' | 'tokens.revoke'>;

export const createTokenRuns = ({store, staticTokens}: Administration): TokenRuns => {
	const create: Run<'tokens.create'> = async ({name, may, on, expiresIn}, {by}) => {
		const grants = may && on && [{may, on}];
		try {
			const {token, text} = await staticTokens.create({name, grants, expiresInMs: expiresIn, createdBy: by?.who ?? 'the server'});
			return {token: rowOf(token, new Date(token.createdAt)), text};
		} catch (error) {
			if (error instanceof TokenNameTaken) throw new OperationError('invalid', error.message, 'revoke it first, or take another name');
			if (error instanceof TooManyTokens) throw new OperationError('invalid', error.message, 'revoke those that nobody needs');
			throw error;
		}
	};

	const list: Run<'tokens.list'> = async ({all}) => {
		const [now, tokens] = await Promise.all([store.now(), staticTokens.list()]);
		const shown = tokens.filter(token => all || isInUse(token, now));
		return {asOf: now.toISOString(), tokens: shown.map(token => rowOf(token, now))};
	};

	const revoke: Run<'tokens.revoke'> = async ({name}) => {
		const token = await staticTokens.revoke(name);
		if (token) return {token: rowOf(token, new Date(token.revokedAt ?? 0))};
		throw new OperationError('not-found', `no token ${name} is in use`, '`layercache tokens list --all` has those that were');
	};

	return {'tokens.create': create, 'tokens.list': list, 'tokens.revoke': revoke};
};

/** All but the hash of its secret. */
const rowOf = (token: StaticToken, now: Date): TokenRow => {
	const {secretHash: _, ...facts} = token;
	const ended = token.revokedAt === undefined ? 'expired' : 'revoked';
	return {...facts, state: isInUse(token, now) ? 'in use' : ended};
};
