import {mkdir, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {PolicyInvalid} from '../../src/config/policy.ts';
import {openPolicyFile, type PolicyFileOptions} from '../../src/config/policyFile.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';
import {until} from '../support/until.ts';

const withRules = (count: number) => JSON.stringify({refs: Array.from({length: count}, (_, index) => ({match: `a:t${index}`}))});
const never = 1e9;

const open = async (
	t: ExecutionContext,
	path: string,
	options: Partial<PolicyFileOptions> = {timing: {settleMs: 1, lookEveryMs: never}},
) => {
	const told: string[] = [];
	const file = await openPolicyFile(path, {
		onLoaded: ({refs}) => void told.push(`${refs.length} rules`),
		onRefused: ({problems}) => void told.push(problems.map(({message}) => message.replace(/^(the file cannot be read).*/, '$1')).join()),
		...options,
	});
	t.teardown(file.stop);
	return {file, told, rules: () => file.current().refs.length};
};

const policyIn = async (t: ExecutionContext, text = withRules(1)) => {
	const path = join(await temporaryFolder(t), 'policy.yaml');
	await writeFile(path, text);
	return path;
};

/** At no moment is there half of it. */
const replace = async (path: string, text: string) => {
	await writeFile(`${path}.new`, text);
	await rename(`${path}.new`, path);
};

test('a file that is written anew is read anew', async t => {
	const path = await policyIn(t);
	const {rules} = await open(t, path);
	t.is(rules(), 1);
	await writeFile(path, withRules(2));
	await until(() => rules() === 2);
	await writeFile(path, withRules(3));
	await until(() => rules() === 3);
	t.pass();
});

test('a file that another is renamed over is read anew', async t => {
	const path = await policyIn(t);
	const {rules} = await open(t, path);
	for (const count of [2, 3]) {
		await replace(path, withRules(count));
		await until(() => rules() === count);
	}
	t.pass();
});

test('a ConfigMap, whose link Kubernetes swaps, is read anew', async t => {
	const folder = await temporaryFolder(t);
	const publish = async (count: number) => {
		await mkdir(join(folder, `..${count}`));
		await writeFile(join(folder, `..${count}`, 'policy.yaml'), withRules(count));
		await symlink(`..${count}`, join(folder, '..data_tmp'));
		await rename(join(folder, '..data_tmp'), join(folder, '..data'));
	};
	await publish(1);
	await symlink('..data/policy.yaml', join(folder, 'policy.yaml'));
	const {rules} = await open(t, join(folder, 'policy.yaml'));
	t.is(rules(), 1);
	await publish(2);
	await rm(join(folder, '..1'), {recursive: true});
	await until(() => rules() === 2);
	t.pass();
});

test('a change that no watch tells of is found all the same', async t => {
	const [folder, elsewhere] = [await temporaryFolder(t), await policyIn(t)];
	await symlink(elsewhere, join(folder, 'policy.yaml'));
	const {rules} = await open(t, join(folder, 'policy.yaml'), {timing: {settleMs: never, lookEveryMs: 5}});
	await writeFile(elsewhere, withRules(2));
	await until(() => rules() === 2);
	t.pass();
});

test('what cannot be used is told with its problems, and the policy before it stays', async t => {
	const path = await policyIn(t);
	const {file, told, rules} = await open(t, path, {timing: {settleMs: never, lookEveryMs: never}});
	for (const broken of ['refs: [', 'refz: []', '']) {
		await writeFile(path, broken);
		await file.reload();
		t.is(rules(), 1);
	}
	await rm(path);
	await file.reload();
	t.is(rules(), 1);
	await writeFile(path, withRules(2));
	await file.reload();
	t.is(rules(), 2);
	t.deepEqual(told, [
		'1 rules',
		'Flow sequence in block collection must be sufficiently indented and end with a ]',
		'refz is no name that is known; did you mean refs?',
		'the file is empty; a policy without rules is {}',
		'the file cannot be read',
		'2 rules',
	]);
});

test('what has not changed is told when it is asked for, and not else', async t => {
	const path = await policyIn(t);
	const {file, told} = await open(t, path, {timing: {settleMs: 1, lookEveryMs: 1}});
	const {told: toldOther, rules: otherRules} = await open(t, path);
	await file.reload();
	t.deepEqual(told, ['1 rules', '1 rules']);
	await replace(path, 'refs: [');
	await until(() => told.length === 3);
	await replace(path, withRules(2));
	await until(() => otherRules() === 2);
	await until(() => told.length === 4);
	t.deepEqual(told, ['1 rules', '1 rules', 'Flow sequence in block collection must be sufficiently indented and end with a ]', '2 rules']);
	t.is(toldOther.at(-1), '2 rules');
});

for (const [what, text] of Object.entries({'that is broken': 'refs: [', 'that is empty': ''})) {
	test(`a file ${what} is no beginning`, async t => {
		await t.throwsAsync(open(t, await policyIn(t, text)), {instanceOf: PolicyInvalid});
	});
}

test('a file that is not there is no beginning, and the reason names it', async t => {
	const path = join(await temporaryFolder(t), 'none.yaml');
	await t.throwsAsync(open(t, path), {instanceOf: PolicyInvalid, message: /none\.yaml:1:1: the file cannot be read: ENOENT/});
});

test('where another process has loaded a policy, that one holds until the file can be used', async t => {
	const path = await policyIn(t, 'refs: [');
	const {file, told, rules} = await open(t, path, {lastGood: withRules(5)});
	t.is(rules(), 5);
	await replace(path, withRules(2));
	await file.reload();
	t.is(rules(), 2);
	t.deepEqual(told, ['Flow sequence in block collection must be sufficiently indented and end with a ]', '2 rules']);
});
