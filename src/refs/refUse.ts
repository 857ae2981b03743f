/** When a ref was last used, as far as that is known. */
import type {Tag} from 'oci-spec-types';

/**
 * What was recorded of the refs of a repository, since when. Undefined in its place: it cannot be read, and of no ref is it
 * known how long it has been idle.
 */
export type RepositoryUsage = {recordedSince: Date; refs: {get(tag: Tag): RecordedUse | undefined}};

/** `lastRead`: by someone who neither imports nor pushes, as `docker pull`. */
export type RecordedUse = {lastPushed?: Date | undefined; lastImported?: Date | undefined; lastRead?: Date | undefined};

export type RefUse = {
	/** The last push, also one that found nothing to do. */
	pushedAt: Date;
	lastImported?: Date | undefined;
	/** The last push, import or read that is known of. */
	lastUsed: Date;
	/** For how long it may be called idle: since it was last used, or since use was first recorded. Undefined where nothing is recorded. */
	idleSince?: Date | undefined;
};

/** `pushedAt` as its documents tell it. What was just pushed is about to be read, so a push counts as a use. */
export const useOf = (tag: Tag, pushedAt: Date, usage: RepositoryUsage | undefined): RefUse => {
	if (!usage) return {pushedAt, lastUsed: pushedAt};
	const {lastPushed, lastImported, lastRead} = usage.refs.get(tag) ?? {};
	const pushed = latest(pushedAt, lastPushed);
	const lastUsed = latest(pushed, lastImported, lastRead);
	return {pushedAt: pushed, lastImported, lastUsed, idleSince: latest(lastUsed, usage.recordedSince)};
};

const latest = (first: Date, ...others: readonly (Date | undefined)[]): Date =>
	others.reduce<Date>((last, other) => (other && other > last ? other : last), first);
