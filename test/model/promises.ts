/** What builders were told is stored: it must stay, at its tag until somebody moves that, or for a while where it has none. */
import {parseTag} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import {digestIn, goneOf, isAt, isDeleted} from './invariants.ts';
import {quarantineMs} from './lifetimes.ts';
import type {Simulation} from './simulation.ts';
import {type DocumentName, documents, repo} from './universe.ts';

export type Promises = ReturnType<typeof createPromises>;

/** `wrong` gets a sentence about each that is broken. */
export const createPromises = ({store, now, note}: Pick<Simulation, 'store' | 'now' | 'note'>, wrong: string[]) => {
	const acknowledged: {name: DocumentName; at: number; tag: string | undefined}[] = [];

	return {
		async acknowledge(who: string, name: DocumentName, tag: string | undefined): Promise<void> {
			note(`${who}: ${name} is acknowledged${tag ? ` at ${tag}` : ''}`);
			// Another may have moved the tag before the answer came.
			if (tag === undefined || (await isAt(store, tag, name))) acknowledged.push({name, at: now(), tag});
			const gone = await goneOf(store, documents[name].digest);
			if (gone) wrong.push(`${name} is acknowledged, and ${gone} is gone`);
		},

		/** Whenever something was removed. */
		async check(): Promise<void> {
			for (const {name, tag, at} of acknowledged) {
				const isPromised = tag === undefined ? now() - at < promisedMs : await isAt(store, tag, name);
				const gone = isPromised ? await goneOf(store, documents[name].digest) : undefined;
				if (gone) wrong.push(`${name}${tag ? ` at ${tag}` : ''} was acknowledged, and ${gone} is gone`);
			}
		},

		/** Who moves a tag, or deletes it, ends what was promised of it; and what comes back there unacknowledged was not promised. */
		onWritten(key: string, bytes: Uint8Array): void {
			const isEnded = ({name, tag}: (typeof acknowledged)[number]) =>
				tag !== undefined && key === keys.tag(repo, parseTag(tag)) && (isDeleted(bytes) || digestIn(bytes) !== documents[name].digest);
			acknowledged.splice(0, acknowledged.length, ...acknowledged.filter(promise => !isEnded(promise)));
		},
	};
};

// A manifest that was acknowledged is young for a grace, and then waits a quarantine; half of that is believed of it at the most.
const promisedMs = quarantineMs / 2;
