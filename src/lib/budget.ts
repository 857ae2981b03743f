/** A fixed amount of something, such as memory, lent in turn: first come, first served, so that nobody starves. */
export type Lease = {release(): void};
export type Budget = {take(amount: number): Promise<Lease>};

/** Whoever asks for more than there is in all gets all of it. Who holds a lease must be able to go on without a further one. */
export const createBudget = (total: number): Budget => {
	const waiting: {amount: number; grant(): void}[] = [];
	let free = total;

	const serve = () => {
		for (let first = waiting[0]; first && first.amount <= free; first = waiting[0]) {
			waiting.shift();
			free -= first.amount;
			first.grant();
		}
	};

	const leaseOf = (amount: number): Lease => {
		let isHeld = true;
		return {
			release() {
				if (!isHeld) return;
				isHeld = false;
				free += amount;
				serve();
			},
		};
	};

	return {
		take(wanted) {
			const amount = Math.min(wanted, total);
			return new Promise(resolve => {
				waiting.push({amount, grant: () => resolve(leaseOf(amount))});
				serve();
			});
		},
	};
};
