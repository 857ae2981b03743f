/** What the audit hears of the admin API and the dashboard. */
import type {IncomingMessage} from 'node:http';
import type {Audit} from '../audit/audit.ts';
import type {AdminAccess, Administrator} from './adminAccess.ts';
import {ApiRefusal} from './apiRefusal.ts';
import type {Exchange} from './exchange.ts';

export type OperationWitness = {
	/** Whoever may not administer is told of, and refused. Throws ApiRefusal. */
	administratorOf(exchange: Exchange, request: IncomingMessage, operation: string): Promise<Administrator>;
	allowed(exchange: Exchange, administrator: Administrator, operation: string, input?: unknown): void;
};

export const createOperationWitness = (audit: Audit, access: AdminAccess): OperationWitness => ({
	async administratorOf(exchange, request, operation) {
		const {id, client} = exchange;
		try {
			const administrator = await access.assertMayAsk(request, client);
			exchange.identity = administrator.identity;
			return administrator;
		} catch (error) {
			if (error instanceof ApiRefusal) {
				const who = error.identity?.name ?? 'anonymous';
				audit.record({what: `admin:${operation}`, who, from: client.address, allowed: false, why: error.message, requestId: id});
			}
			throw error;
		}
	},
	allowed({id, client}, {identity, why}, operation, input) {
		const given = input === undefined ? '' : formatInput(input);
		audit.record({
			...{what: `admin:${operation}`, who: identity.name, from: client.address, allowed: true, why, requestId: id},
			...(given !== '' && {input: given}),
		});
	},
});

/** No operation takes a secret. */
const formatInput = (input: unknown): string =>
	Object.entries(input ?? {})
		.map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
		.join(' ');
