/** Removals as operations answer them, and what names all of them at once. */
import {createHash} from 'node:crypto';
import type {Removal} from '../../registry/removal.ts';
import type {RemovalRow} from '../answers/removals.ts';

export const removalRowOf = ({repo, kind, tag, digest, reason, rule, exclusiveBytes}: Removal): RemovalRow => ({
	repository: repo,
	kind,
	...(tag && {tag}),
	...(digest && {digest}),
	reason,
	...(rule && {rule: `${rule.match}, line ${rule.line}`}),
	exclusiveBytes,
});

/** Equal for the same things, in whatever order and for whatever reason they go. */
export const planOf = (removals: readonly Removal[]): string => {
	const names = removals.map(({repo, kind, tag, digest, pushedAt}) => [repo, kind, tag, digest, pushedAt?.toISOString()].join(' '));
	return createHash('sha256').update(names.sort().join('\n')).digest('hex').slice(0, 16);
};

export const totalOf = (removals: readonly Removal[]) => ({
	count: removals.length,
	bytes: removals.reduce((sum, {exclusiveBytes}) => sum + exclusiveBytes, 0),
});
