/** What is scarce, lent in turn. */
import test from 'ava';
import fc from 'fast-check';
import {type Borrower, createLender, type Loan, TooManyWait} from '../../src/lib/lender.ts';

const isSettled = async (promise: Promise<unknown>) => {
	const pending = Symbol('pending');
	return (await Promise.race([promise, new Promise(resolve => setImmediate(resolve, pending))])) !== pending;
};

/** A lender that looks after its borrowers when it is told to. */
const createPatientLender = (total: number, options: {waitingPerName?: number} = {}) => {
	let looking: (() => void) | undefined;
	const lender = createLender({
		...options,
		total,
		repeat(look) {
			looking = look;
			return () => {
				looking = undefined;
			};
		},
	});
	return {lender, look: () => looking?.(), isLooking: () => looking !== undefined};
};

test('one name is served first come, first served, and a large loan is not overtaken by small ones', async t => {
	const {lender} = createPatientLender(4);
	const first = await lender.borrow(3, {name: 'one'});
	const large = lender.borrow(2, {name: 'one'});
	const small = lender.borrow(1, {name: 'one'});
	t.false(await isSettled(large));
	t.false(await isSettled(small));
	first.release();
	await Promise.all([large, small]);
	t.is(lender.lent(), 3);
});

test('who has least is served next, however long the queue of another is', async t => {
	const {lender} = createPatientLender(2);
	const loans = [await lender.borrow(1, {name: 'greedy'}), await lender.borrow(1, {name: 'greedy'})];
	const others = Array.from({length: 5}, () => lender.borrow(1, {name: 'greedy'}));
	const modest = lender.borrow(1, {name: 'modest'});
	loans[0]?.release();
	t.true(await isSettled(modest));
	t.false(await isSettled(others[0] as Promise<Loan>));
	(await modest).release();
	t.true(await isSettled(others[0] as Promise<Loan>));
});

test('whoever asks for more than there is gets all of it', async t => {
	const {lender} = createPatientLender(3);
	const all = await lender.borrow(10, {name: 'one'});
	t.is(lender.lent(), 3);
	all.release();
	all.release();
	t.is(lender.lent(), 0);
});

test('nobody is looked after while nobody waits, and who is slow gives way while somebody does', async t => {
	const {lender, look, isLooking} = createPatientLender(2);
	const gaveWay: string[] = [];
	let isSlow = false;
	const loan: Loan = await lender.borrow(1, {
		name: 'slow',
		isSlow: () => isSlow,
		giveWay() {
			gaveWay.push('slow');
			loan.release();
		},
	});
	await lender.borrow(1, {name: 'quick', isSlow: () => false, giveWay: () => gaveWay.push('quick')});
	t.false(isLooking());
	const waits = lender.borrow(1, {name: 'new'});
	t.true(isLooking());
	look();
	t.deepEqual(gaveWay, []);
	isSlow = true;
	look();
	t.deepEqual(gaveWay, ['slow']);
	await waits;
	t.false(isLooking());
});

test('no more give way than wait, those of the name that has most first, and nobody twice', async t => {
	const {lender, look} = createPatientLender(4);
	const gaveWay: string[] = [];
	const slow = (name: string): Borrower => ({name, isSlow: () => true, giveWay: () => gaveWay.push(name)});
	await lender.borrow(1, slow('one'));
	for (let count = 0; count < 3; count += 1) await lender.borrow(1, slow('many'));
	void lender.borrow(1, {name: 'new'});
	look();
	t.deepEqual(gaveWay, ['many']);
	for (let times = 0; times < 5; times += 1) look();
	t.deepEqual(gaveWay, ['many', 'many', 'many', 'one']);
});

test('too many of one name are sent away, if they may be; others wait', async t => {
	const {lender} = createPatientLender(1, {waitingPerName: 1});
	await lender.borrow(1, {name: 'one'});
	void lender.borrow(1, {name: 'one', isRefusable: true});
	await t.throwsAsync(lender.borrow(1, {name: 'one', isRefusable: true}), {instanceOf: TooManyWait});
	t.false(await isSettled(lender.borrow(1, {name: 'one'})));
	t.false(await isSettled(lender.borrow(1, {name: 'other', isRefusable: true})));
	t.is(lender.waiting(), 3);
});

test('never more is lent than there is, and in the end everybody was served', async t => {
	const loan = fc.record({name: fc.constantFrom('a', 'b', 'c'), amount: fc.integer({min: 1, max: 9}), back: fc.integer({min: 0, max: 9})});
	await fc.assert(
		fc.asyncProperty(fc.array(loan, {maxLength: 30}), async loans => {
			const {lender} = createPatientLender(7);
			const served = await Promise.all(
				loans.map(async ({name, amount, back}) => {
					const {reduce, release} = await lender.borrow(amount, {name});
					t.true(lender.lent() <= 7);
					await Promise.resolve();
					reduce(back);
					await new Promise(setImmediate);
					release();
					return true;
				}),
			);
			t.is(served.length, loans.length);
			t.is(lender.lent(), 0);
			t.is(lender.waiting(), 0);
		}),
	);
});
