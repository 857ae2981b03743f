/** Refs as a list has them: what they hold, and how they are used. */
import {OciError, parseRepositoryName, parseTag, type RepositoryName, type Tag} from 'oci-spec-types';
import type {RefSummary} from '../../refs/summaries.ts';
import type {RefUsage} from '../../usage/usage.ts';
import type {RefRow} from '../answers/refs.ts';
import {OperationError} from '../operation.ts';

export type RefName = {repo: RepositoryName; tag: Tag};

/** `ci/app:main`. Throws OperationError `invalid`. */
export const parseRef = (text: string): RefName => {
	const colon = text.lastIndexOf(':');
	try {
		return {repo: parseRepositoryName(text.slice(0, colon)), tag: parseTag(text.slice(colon + 1))};
	} catch (error) {
		if (!(error instanceof OciError)) throw error;
		throw new OperationError(
			'invalid',
			`${text} is no ref of this registry: ${error.message}`,
			'write it like ci/app:main, without a host',
		);
	}
};

export const formatRef = ({repo, tag}: RefName): string => `${repo}:${tag}`;

export const noSuchRef = (ref: RefName): OperationError =>
	new OperationError('not-found', `there is no ${formatRef(ref)}`, '`layercache refs list` shows what there is');

export const refRowOf = (summary: RefSummary, usage: RefUsage): RefRow => {
	const {repo, pushedAt, lastImported, idleSince, protectedBy = 'no', shareBytes} = summary;
	const {tag, digest, mediaType, kind, bytes, exclusiveBytes, layers, heads, superseded} = summary;
	return {
		repository: repo,
		...{tag, digest, mediaType, kind},
		pushedAt: pushedAt.toISOString(),
		...(lastImported && {lastImportedAt: lastImported.toISOString()}),
		...(idleSince && {idleSince: idleSince.toISOString()}),
		pushes: usage.pushes,
		imports: usage.imports,
		...{bytes, exclusiveBytes},
		// A third of a byte is nobody's.
		shareBytes: Math.round(shareBytes),
		...{layers, heads, superseded},
		protected: protectedBy,
	};
};

/** Newest first, largest first, most first; names from a to z. */
export const inOrder: {
	readonly [O in 'name' | 'size' | 'exclusive' | 'pushed' | 'imported' | 'imports' | 'pushes' | 'idle']: (a: RefRow, b: RefRow) => number;
} = {
	name: () => 0,
	size: (a, b) => b.bytes - a.bytes,
	exclusive: (a, b) => b.exclusiveBytes - a.exclusiveBytes,
	pushed: (a, b) => Date.parse(b.pushedAt) - Date.parse(a.pushedAt),
	imported: (a, b) => timeOf(b.lastImportedAt) - timeOf(a.lastImportedAt),
	imports: (a, b) => b.imports - a.imports,
	pushes: (a, b) => b.pushes - a.pushes,
	// Of which nothing is known is not what was idle longest.
	idle: (a, b) => timeOf(a.idleSince, Number.POSITIVE_INFINITY) - timeOf(b.idleSince, Number.POSITIVE_INFINITY) || 0,
};

const timeOf = (time: string | undefined, otherwise = 0): number => (time === undefined ? otherwise : Date.parse(time));
