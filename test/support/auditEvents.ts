/** Events and lines of an audit. */
import type {AuditEvent} from '../../src/audit/audit.ts';
import {type AuditLine, parseLine} from '../../src/audit/line.ts';
import {readAll} from '../../src/lib/bytes.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';

export const event = (given: Partial<AuditEvent> = {}): AuditEvent => ({
	what: 'manifest.get',
	who: 'user:alice',
	from: '10.0.0.7',
	on: {repo: 'ci/app', tag: 'main'},
	allowed: true,
	why: 'rule 1',
	requestId: 'r1',
	...given,
});

/** All lines of what was written down in a store, in the order of their keys. */
export const linesOf = async (store: ObjectStore): Promise<AuditLine[]> => {
	const texts: string[] = [];
	for await (const row of store.list('audit/')) {
		const object = 'key' in row ? await store.read(row.key) : undefined;
		if (object) texts.push((await readAll(object.body)).toString());
	}
	return parsed(texts.join(''));
};

/** Throws where something is no line. */
export const parsed = (text: string): AuditLine[] =>
	text
		.split('\n')
		.filter(Boolean)
		.map(line => {
			const read = parseLine(line);
			if (!read) throw new Error(`no line of an audit: ${line}`);
			return read;
		});
