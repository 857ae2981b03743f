/** Deleting refs by conditions: a form, what they would delete, and the button that does it. */
import {type RemovalAnswer, removalAnswer} from '../../operations/answers/removals.ts';
import type {Job} from '../../operations/jobs.ts';
import {bytesOf, formatBytes, formatCount, formatMany, momentOf} from '../format.ts';
import {type Html, html} from '../html.ts';
import {card, empty, heading, type Page} from '../layout.ts';
import {paths} from '../paths.ts';
import {removalTable} from '../removalTable.ts';
import {table} from '../table.ts';

/** The form's fields as they were typed. */
export type PruneFields = {readonly [K in PruneField]?: string};
export type PruneField = (typeof pruneFields)[number]['name'];

export type Prune = {
	fields: PruneFields;
	/** What is wrong with them. */
	problem?: string;
	/** What they would delete. */
	preview?: RemovalAnswer;
	now: Date;
};

export const pruneFields = [
	{name: 'repo', label: 'Repository', hint: 'A glob, such as ci/**'},
	{name: 'tag', label: 'Tag', hint: 'A glob, such as pr-*'},
	{name: 'olderThan', label: 'Pushed longer ago than', hint: 'Such as 30d'},
	{name: 'idle', label: 'Not imported for', hint: 'Such as 14d'},
	{name: 'largerThan', label: 'Alone keeps more than', hint: 'Such as 5GB'},
	{name: 'keep', label: 'Keep the newest', hint: 'So many of each repository stay'},
] as const;

export const prunePage = ({fields, problem, preview, now}: Prune): Page => ({
	title: 'Prune',
	section: 'prune',
	main: html`${heading('Prune', preview?.asOf, now)}
<p class="lead">Deletes the refs for which everything holds that is filled in. Protected refs stay. First it is shown what would go.</p>
${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
${form(fields)}
${preview && (preview.removals.length === 0 ? nothing(preview) : confirm(preview, fields, now))}`,
});

export type PruneJob = {
	job: Job;
	/** Where the form is, filled in as it was. */
	again: string;
	now: Date;
};

/** What became of it. */
export const pruneJobPage = ({job, again, now}: PruneJob): Page => ({
	title: 'Prune',
	section: 'prune',
	main: html`${heading('Prune', undefined, now)}${job.state === 'running' ? running(job) : job.state === 'done' ? done(job, now) : failed(job, again)}`,
});

const running = ({progress}: Job) =>
	html`<p class="notice" role="status" data-running="yes">Deleting${
		progress && `: ${formatCount(progress.done)}${progress.total === undefined ? '' : ` of ${formatCount(progress.total)}`} ${progress.of}`
	} … <a href="">Look again</a></p>`;

const done = ({result}: Job, now: Date) => {
	const {total, freeAfter, removals} = removalAnswer.parse(result);
	return html`<p class="notice good" role="status">${formatMany(total.count, 'ref')} deleted. Their bytes, ${bytesOf(total.bytes)}, are deleted by the collector, ${momentOf(freeAfter, now)} at the earliest.</p>
${card({title: 'Deleted', body: removalTable('Deleted', removals, now)})}
<p><a href="${paths.prune}">Prune something else</a></p>`;
};

const failed = ({error}: Job, again: string) =>
	error?.code === 'changed'
		? html`<p class="notice warn" role="alert">Something was pushed or imported in the meantime, and other refs would go than were shown. Nothing was deleted.</p>
<p><a href="${again}">Show what would go now</a></p>`
		: html`<p class="notice bad" role="alert">It failed: ${error?.message}. ${error?.advice}</p>
<p>What was deleted until then is deleted. <a href="${again}">Show what is left</a></p>`;

const form = (fields: PruneFields) => html`<form class="card fields" method="get" action="${paths.prune}">
${pruneFields.map(
	({name, label, hint}) => html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" value="${fields[name] ?? ''}" autocomplete="off" spellcheck="false" aria-describedby="${name}-hint"${name === 'keep' && html` inputmode="numeric"`}>
<p class="hint" id="${name}-hint">${hint}</p></div>
`,
)}
<div class="actions"><button>Show what would go</button></div>
</form>`;

const nothing = ({kept}: RemovalAnswer) =>
	card({title: 'Nothing would go', body: html`${empty('No ref meets all of that.')}${keptTable(kept)}`});

const confirm = (preview: RemovalAnswer, fields: PruneFields, now: Date): Html =>
	card({
		title: `${formatMany(preview.total.count, 'ref')}, ${formatBytes(preview.total.bytes)}`,
		about: html`These would be deleted at once. Their bytes follow ${momentOf(preview.freeAfter, now)} at the earliest; until then a push of the same layers needs no upload.`,
		body: html`${removalTable('Would be deleted', preview.removals, now)}${keptTable(preview.kept)}
<form class="confirm" method="post" action="${paths.prune}">
${pruneFields.map(({name}) => fields[name] !== undefined && html`<input type="hidden" name="${name}" value="${fields[name]}">`)}
<input type="hidden" name="plan" value="${preview.plan}">
<button class="danger">Delete ${formatMany(preview.total.count, 'ref')}</button>
<a href="${paths.prune}">Cancel</a>
</form>`,
	});

const keptTable = (kept: RemovalAnswer['kept']) =>
	kept.length > 0 &&
	html`<h3>Stays, although it matches</h3>${table(
		'Stays, although it matches',
		[{head: 'Ref'}, {head: 'Because'}],
		kept.map(({repository, tag, because}) => [`${repository}:${tag}`, because]),
	)}`;
