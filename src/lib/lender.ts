/**
 * Something scarce, lent in turn: while it is used up, whoever has least of it is served next, and who hardly makes use of what he has
 * gives way. Names share, not loans: however many loans one name asks for, another gets as much.
 */
export type Borrower = {
	/** In whose name; the borrowers of one are served first come, first served. */
	name: string;
	/** Asked again and again while others wait. */
	isSlow?: () => boolean;
	/** Gives back what can be done without, at once or soon. Called once at the most. */
	giveWay?: () => void;
	/** Whether he may be sent away where too many wait in his name. */
	isRefusable?: boolean;
};

export type Loan = {
	/** So much of it goes back. */
	reduce(amount: number): void;
	/** All of it goes back. */
	release(): void;
};

export type Lender = {
	/** Waits until there is so much. Whoever asks for more than there is in all gets all of it. Rejects with TooManyWait. */
	borrow(amount: number, borrower: Borrower): Promise<Loan>;
	/** How many wait, and how much is lent. */
	waiting(): number;
	lent(): number;
};

/** Hears how many wait, when that changes, and of each that gives way. */
export type LenderObserver = {waiting(count: number): void; gaveWay(): void};

export type LenderOptions = {
	total: number;
	observer?: LenderObserver | undefined;
	/** So many may wait in one name before those that may be sent away are. */
	waitingPerName?: number;
	/** Calls `look` again and again until what it answers is called; by a timer, unless told otherwise. */
	repeat?: (look: () => void) => () => void;
};

/** Too many wait in this name already. */
export class TooManyWait extends Error {
	override readonly name = 'TooManyWait';
	constructor(name: string) {
		super(`too many requests of ${name} wait already`);
	}
}

export const createLender = ({total, observer, waitingPerName = Number.POSITIVE_INFINITY, repeat = everyMoment}: LenderOptions): Lender => {
	const names = new Map<string, Account>();
	// By their places, of which the last fills that of one who goes: no Set changes with each loan.
	const loans: Lent[] = [];
	let free = total;
	let waiting = 0;
	let asked = 0;
	let told = 0;
	let numbered = 0;
	let stopLooking: (() => void) | undefined;

	const accountOf = (name: string): Account => {
		const account = names.get(name) ?? {lent: 0, queue: []};
		names.set(name, account);
		return account;
	};

	const serve = () => {
		if (waiting === 0 && told === 0) return;
		for (let next = nextOf(names.values()); next?.first && next.first.amount <= free; next = nextOf(names.values())) {
			next.account.queue.shift();
			waiting -= 1;
			next.first.grant();
		}
		if (waiting !== told) observer?.waiting(waiting);
		told = waiting;
		if (waiting > 0) stopLooking ??= repeat(look);
		else {
			stopLooking?.();
			stopLooking = undefined;
		}
	};

	/** One gives way for each that waits: those first that have had their loans for longest, of the name that has most. */
	const look = () => {
		const slow = loans.filter(({borrower}) => borrower.giveWay && borrower.isSlow?.());
		slow.sort((one, other) => other.account.lent - one.account.lent || one.number - other.number);
		for (const loan of slow.slice(0, waiting)) {
			if (waiting === 0) return;
			const {giveWay} = loan.borrower;
			loan.borrower = {name: loan.borrower.name};
			observer?.gaveWay();
			giveWay?.();
		}
	};

	const takeOut = (loan: Lent): void => {
		if (loans[loan.place] !== loan) return;
		const last = loans.pop();
		if (!last || last === loan) return;
		loans[loan.place] = last;
		last.place = loan.place;
	};

	const lend = (amount: number, borrower: Borrower, account: Account): Loan => {
		const loan: Lent = {borrower, account, number: numbered++, place: loans.length};
		let held = amount;
		free -= amount;
		account.lent += amount;
		loans.push(loan);
		const reduce = (back: number) => {
			const some = Math.min(back, held);
			if (some === 0) return;
			held -= some;
			free += some;
			account.lent -= some;
			if (account.lent === 0 && account.queue.length === 0) names.delete(borrower.name);
			serve();
		};
		return {
			reduce,
			release() {
				takeOut(loan);
				reduce(held);
			},
		};
	};

	return {
		borrow(wanted, borrower) {
			const amount = Math.min(wanted, total);
			const account = accountOf(borrower.name);
			if (borrower.isRefusable && account.queue.length >= waitingPerName) return Promise.reject(new TooManyWait(borrower.name));
			if (waiting === 0 && amount <= free) return Promise.resolve(lend(amount, borrower, account));
			return new Promise(resolve => {
				waiting += 1;
				account.queue.push({amount, asked: asked++, grant: () => resolve(lend(amount, borrower, account))});
				serve();
			});
		},
		waiting: () => waiting,
		lent: () => total - free,
	};
};

type Lent = {borrower: Borrower; account: Account; number: number; place: number};
type Waiting = {amount: number; asked: number; grant(): void};
type Account = {lent: number; queue: Waiting[]};

/** Of the names that wait, the one that has least; of two, the one that waits longer. */
const nextOf = (accounts: Iterable<Account>): {account: Account; first: Waiting} | undefined => {
	let best: {account: Account; first: Waiting} | undefined;
	for (const account of accounts) {
		const [first] = account.queue;
		if (first && (!best || account.lent < best.account.lent || (account.lent === best.account.lent && first.asked < best.first.asked)))
			best = {account, first};
	}
	return best;
};

const lookEveryMs = 100;

const everyMoment = (look: () => void) => {
	const timer = setInterval(look, lookEveryMs);
	timer.unref();
	return () => clearInterval(timer);
};
