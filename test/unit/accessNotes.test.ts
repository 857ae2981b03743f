/** What policy check and policy explain say of rights: sources that a reader may not pull, and holes in what is protected. */
import test from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {parsePolicy} from '../../src/config/policy.ts';
import {checkPolicy, explainRef} from '../../src/operations/policyReports.ts';
import {accessNotes, sourceNotes} from '../../src/refs/accessNotes.ts';
import {policyFile} from '../support/policy.ts';

const issuers = 'issuers: {github: {issuer: "https://token.example.com", audience: layercache}}\n';
const text = (refs: string, access: string) => `${issuers}${refs && `refs:\n${refs}`}access:\n${access}`;
const notesOf = (refs: string, access: string) => accessNotes(parsePolicy(text(refs, access), 'policy.yaml'));

const job = (ref: string) => `who: {issuer: github, claims: {repository: "acme/{app}", ref: "${ref}"}}`;
const main = `  - {${job('refs/heads/main')}, may: [pull, push, protect], on: ["ci/{app}:main", "ci/{app}:main-*"]}\n`;
const pr = `  - {${job('refs/pull/{pr}/merge')}, may: [pull, push], on: "ci/{app}:pr-{pr}"}\n`;
const prReadsMain = `  - {${job('refs/pull/*/merge')}, may: pull, on: "ci/{app}:main"}\n`;
const chain = '  - {match: "ci/**:pr-{n}", fallback: [main]}\n';

test('a source that whoever may pull the tag may not pull is noted, with both lines', t => {
	const unreadable = 'ci/**:pr-{n} answers main, which those whom line 6 allows to pull it may not pull: they are answered without it';
	t.deepEqual(notesOf(chain, main + pr), [{line: 3, message: unreadable}]);
	t.deepEqual(notesOf(chain, main + pr + prReadsMain), []);
});

test('so is a union, and a glob by a tag that it means', t => {
	const union = '  - {match: "ci/**:main", union: [main, "main-*", "nightly-*"]}\n';
	t.deepEqual(
		notesOf(union, main + prReadsMain).map(({message}) => message.replace(/, which.*line/, ' line')),
		[
			'ci/**:main answers main-* line 6 allows to pull it may not pull: they are answered without it',
			...[5, 6].map(line => `ci/**:main answers nightly-* line ${line} allows to pull it may not pull: they are answered without it`),
		],
	);
});

test('a protected tag that answers what others may push is noted, with the line that lets them', t => {
	const refs = '  - {match: "ci/**:main", protect: true, union: [main, "pr-*"]}\n';
	const everybodyReads = '  - {who: {anyone: true}, may: pull, on: "**:*"}\n';
	t.deepEqual(notesOf(refs, main + pr + everybodyReads), [
		{line: 3, message: 'ci/**:main is protected and answers pr-*, to which line 6 allows others to push: they decide what it answers'},
	]);
	t.deepEqual(notesOf(refs, main + everybodyReads), []);
	t.deepEqual(notesOf('  - {match: "ci/**:main", protect: true, union: [main, "main-*"]}\n', main + pr + everybodyReads), []);
});

test('a source by its name is looked up with the values that it has', t => {
	const refs = '  - {match: "ci/**:main", protect: true, fallback: [pr-12]}\n';
	t.is(notesOf(refs, `${main}${pr}  - {who: {anyone: true}, may: pull, on: "**:*"}\n`).length, 1);
});

test('a rule that lets push and not pull, and values that can make the same ref, are noted', t => {
	t.deepEqual(
		notesOf('', '  - {who: {user: "{name}"}, may: push, on: "home/{name}:*"}\n').map(({message}) => message),
		['it allows to push to home/{name}:* and not to pull it: builders look at a tag before they push to it'],
	);
	t.deepEqual(
		notesOf(
			'',
			'  - {who: {issuer: github, claims: {sub: "{a}/{b}"}}, may: pull, on: ["ci/{a}-{b}:x", "ci/{a}/{b}:x", "x:{a}-{b}"]}\n',
		).map(({message}) => message),
		['ci/{a}-{b}:x', 'x:{a}-{b}'].map(
			on => `${on} has {a} and {b} with no / between them: values of different identities can make the same ref`,
		),
	);
});

test('issuers without rules are noted: their jobs may do nothing', t => {
	t.is(accessNotes(parsePolicy(issuers, 'policy.yaml')).length, 1);
	t.deepEqual(accessNotes(parsePolicy('refs: []', 'policy.yaml')), []);
});

test('of one ref the notes are about that ref', t => {
	const policy = parsePolicy(text(`${chain}  - {match: "x/*:*", fallback: [y]}\n`, main + pr), 'policy.yaml');
	const notes = (ref: string) => sourceNotes(policy, parseRepositoryName(ref.split(':')[0]), parseTag(ref.split(':')[1])).length;
	t.is(notes('ci/app:pr-12'), 1);
	t.is(notes('ci/app:pr-12..main'), 1);
	t.is(notes('ci/app:main'), 0);
});

test('policy check and policy explain tell them, and explain who may do what with a ref', async t => {
	const file = await policyFile(t, text(chain, main + pr));
	const checked = await checkPolicy(file);
	t.is(checked.exitCode, 0);
	t.regex(checked.lines.join('\n'), /policy\.yaml:3: note: ci\/\*\*:pr-\{n\} answers main, which those whom line 6/);
	const explained = await explainRef('ci/app:pr-12', file);
	const lines = explained.lines.join('\n');
	t.regex(lines, /who may, with pr-12:\n {2}line 6 +pull, push +issuer github, repository acme\/\{app\}, ref refs\/pull\/\{pr\}\/merge\n/);
	t.regex(lines, /note, line 3: ci\/\*\*:pr-\{n\} answers main/);
	t.like(explained.facts, {access: [{line: 6, may: ['pull', 'push']}], notes: [{line: 3}]});
	t.regex((await explainRef('other/app:x', file)).lines.join('\n'), /no rule of access allows anybody anything with it/);
});
