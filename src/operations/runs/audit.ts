/** Who did what, as all servers have written it down. */
import type {AuditLine} from '../../audit/line.ts';
import type {RefPattern} from '../../config/refPattern.ts';
import type {Administration} from '../administration.ts';
import type {Run, Runs} from '../operations.ts';

export const createAuditRuns = ({store, audit}: Administration): Pick<Runs, 'audit.list'> => {
	const list: Run<'audit.list'> = async ({since, until, who, what, on, allowed, limit}, {signal}) => {
		const asOf = await store.now();
		const now = asOf.getTime();
		const isWanted = (line: AuditLine) =>
			(who === undefined || isNamed(line.who, who)) &&
			(what === undefined || isNamed(line.what, what)) &&
			(on === undefined || isAbout(line, on)) &&
			(allowed === undefined || line.allowed === (allowed === 'yes'));
		const {lines, reachedAt, unreadable} = await audit.find({
			since: new Date(since(now)),
			until: new Date(until?.(now) ?? now),
			...{isWanted, limit, signal},
		});
		return {
			asOf: asOf.toISOString(),
			entries: lines.map(({audit: _, repo, ...line}) => ({...line, ...(repo !== undefined && {repository: repo})})),
			...(reachedAt && {reachedAt: reachedAt.toISOString()}),
			unreadable,
		};
	};
	return {'audit.list': list};
};

const isNamed = (name: string, wanted: string): boolean => {
	if (wanted.startsWith('!')) return !isNamed(name, wanted.slice(1));
	return wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
};

const isAbout = ({repo, tag}: AuditLine, pattern: RefPattern): boolean => {
	if (repo === undefined) return false;
	return tag === undefined ? pattern.matchesRepository(repo) : 'named' in pattern.match(repo, tag);
};
