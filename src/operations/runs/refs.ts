/** Lists refs, tells what one is worth, and how two differ; protects them by hand. */
import type {Tag} from 'oci-spec-types';
import {mapParallel} from '../../lib/mapInOrder.ts';
import {holdersIn} from '../../refs/holders.ts';
import {type LiveRef, liveRefsOf} from '../../refs/liveRefs.ts';
import {summarize} from '../../refs/summaries.ts';
import type {RepositoryInventory} from '../../registry/inventory.ts';
import {deadWeight} from '../../worth/deadWeight.ts';
import {describeRef} from '../../worth/describeRef.ts';
import {diffRefs} from '../../worth/diffRefs.ts';
import {type NearDuplicates, nearDuplicates} from '../../worth/nearDuplicates.ts';
import {type RefContent, readRefContent} from '../../worth/refContent.ts';
import type {Administration, Survey} from '../administration.ts';
import type {RefRow} from '../answers/refs.ts';
import {OperationError} from '../operation.ts';
import type {Run, Runs} from '../operations.ts';
import {inOrder, noSuchRef, parseRef, type RefName, refRowOf} from './refRows.ts';

type RefRuns = Pick<Runs, 'refs.list' | 'refs.show' | 'refs.diff' | 'refs.protect'>;

export const createRefRuns = (administration: Administration): RefRuns => {
	const {store, usage, policy} = administration;

	const list: Run<'refs.list'> = async ({sort, limit, ...filters}, context) => {
		const survey = await administration.survey(context);
		const rows = await rowsOf(administration, survey, filters);
		return {
			asOf: survey.asOf.toISOString(),
			refs: rows.toSorted(inOrder[sort]).slice(0, limit),
			total: {count: rows.length, bytes: Math.round(rows.reduce((sum, {shareBytes}) => sum + shareBytes, 0))},
		};
	};

	const show: Run<'refs.show'> = async ({ref: text, days}) => {
		const name = parseRef(text);
		const {inventory, live} = await find(name);
		const {repo, tag} = name;
		const contents = await readContents(inventory, live.ref, live.others);
		const [content] = contents;
		const now = inventory.startedAt;
		const recordedSince = (await administration.usageOf(repo))?.recordedSince;
		const ground = {inventory, holdersOf: holdersIn(inventory, policy().refs), usage: await usage.layers(repo), now};
		const {form, digests, records, recentDays, layers, problems} = describeRef(content, ground, {recentDays: days});
		const dead = deadWeight(content, ground, {days});
		return {
			asOf: now.toISOString(),
			ref: await rowOf(inventory, tag),
			...(form && {form}),
			...{digests, records, recentDays, layers, problems},
			previous: (inventory.tags.get(tag)?.previous ?? []).map(({digest, since}) => ({digest, since: since.toISOString()})),
			...(dead && {deadWeight: {...dead, ...(recordedSince && {countedSince: recordedSince.toISOString()})}}),
			nearDuplicates: ofRef(nearDuplicates(repo, contents), tag),
		};
	};

	const diff: Run<'refs.diff'> = async ({a, b}) => {
		const [left, right] = await Promise.all([contentOf(parseRef(a)), contentOf(parseRef(b))]);
		const {bytes, layers, records} = diffRefs(left.content, right.content);
		return {asOf: left.asOf.toISOString(), a, b, bytes, layers, records};
	};

	const protect: Run<'refs.protect'> = async ({ref: text, off}) => {
		const name = parseRef(text);
		const done = await administration.protect(name.repo, name.tag, !off);
		if (!done) {
			const {live} = await find(name);
			throw new OperationError(
				'invalid',
				`${text} merges what is pushed to it${live.ref.heads.length > 0 ? ', and has no document of its own' : ''}`,
				'protect it by the policy: `protect: true` in its rule',
			);
		}
		administration.forgetSurvey();
		const {live} = await find(name);
		return {ref: text, protected: live.ref.protectedBy ?? 'no', changed: done.changed};
	};

	/** Throws OperationError `not-found`. */
	const find = async (name: RefName) => {
		const inventory = await administration.inventory(name.repo);
		const {refs} = inventory ? liveRefsOf(inventory, policy().refs) : {refs: []};
		const ref = refs.find(({tag}) => tag === name.tag);
		if (!inventory || !ref) throw noSuchRef(name);
		return {inventory, live: {ref, others: refs.filter(other => other !== ref)}};
	};

	const contentOf = async (name: RefName): Promise<{content: RefContent; asOf: Date}> => {
		const {inventory, live} = await find(name);
		const content = await readRefContent(store, worthRef(inventory, live.ref));
		return {content, asOf: inventory.startedAt};
	};

	/** Of the ref first, then of the newest others. */
	const readContents = async (inventory: RepositoryInventory, ref: LiveRef, others: readonly LiveRef[]) => {
		const newest = others.toSorted((a, b) => b.pushedAt.getTime() - a.pushedAt.getTime()).slice(0, comparedRefs);
		const read = (each: LiveRef) => readRefContent(store, worthRef(inventory, each));
		const [content, compared] = await Promise.all([read(ref), mapParallel(newest, parallelReads, read)]);
		return [content, ...compared] as const;
	};

	const rowOf = async (inventory: RepositoryInventory, tag: Tag): Promise<RefRow> => {
		const {repo} = inventory;
		const {refs} = summarize(inventory, await administration.usageOf(repo), policy().refs);
		const summary = refs.find(ref => ref.tag === tag);
		if (!summary) throw noSuchRef({repo, tag});
		return refRowOf(summary, await usage.ref(repo, tag));
	};

	return {'refs.list': list, 'refs.show': show, 'refs.diff': diff, 'refs.protect': protect};
};

export type RefFilters = {repo?: ((repo: string) => boolean) | undefined; tag?: ((tag: string) => boolean) | undefined};

/** In the order of their names. */
export const rowsOf = async ({usage}: Administration, {repositories}: Survey, {repo, tag}: RefFilters): Promise<RefRow[]> => {
	const wanted = repositories.filter(summary => !repo || repo(summary.repo));
	const rows = await mapParallel(wanted, parallelReads, async summary => {
		const used = await usage.refs(summary.repo);
		return summary.refs.filter(ref => !tag || tag(ref.tag)).map(ref => refRowOf(ref, used.get(ref.tag)));
	});
	return rows.flat();
};

const worthRef = ({repo}: RepositoryInventory, {tag, digest, heads}: LiveRef) => ({
	repo,
	tag,
	digests: heads.length > 0 ? [...new Set([digest, ...heads.map(head => head.digest)])] : [digest],
});

/** Those in which this ref has a part. */
const ofRef = ({compressions, steps}: NearDuplicates, tag: Tag) => ({
	compressions: compressions.filter(({copies}) => copies.some(({tags}) => tags.includes(tag))),
	steps: steps.filter(({results}) => results.some(({tags}) => tags.includes(tag))),
});

// Each costs a request for each of its manifests and configs.
const comparedRefs = 19;
const parallelReads = 8;
