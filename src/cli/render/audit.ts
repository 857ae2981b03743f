/** Who did what: a line for each set of equal events. */
import type {AuditEntry} from '../../operations/answers/audit.ts';
import type {Rendering} from './renderings.ts';
import {tableOf} from './table.ts';
import {many, shortDigest} from './words.ts';

export const auditEntries: Rendering<'audit.list'> = {
	text: ({entries, reachedAt, unreadable}, paint) => [
		...tableOf(
			entries,
			[
				{title: 'LAST', of: ({last}: AuditEntry) => `${last.slice(0, 10)} ${last.slice(11, 19)}`},
				{title: 'TIMES', right: true, of: ({count}) => String(count)},
				{title: '', of: ({allowed}) => (allowed ? paint('green', 'allowed') : paint('red', 'refused'))},
				{title: 'WHAT', of: ({what}) => what},
				{title: 'WHO', of: ({who, claimed}) => (claimed === undefined ? who : `${who} as ${claimed}`)},
				{title: 'FROM', of: ({from}) => from},
				{title: 'ON', of: subjectOf},
				{title: 'WHY', of: ({why}) => why},
			],
			paint,
		),
		...(entries.length === 0 ? ['nothing of this was written down'] : []),
		...(reachedAt === undefined ? [] : [`there may be more; go on with --until ${reachedAt}`]),
		...(unreadable.length === 0
			? []
			: [`${paint('yellow', 'note')}: ${many(unreadable.length, 'object')} of the audit cannot be read: ${unreadable[0]}`]),
	],
};

const subjectOf = ({repository = '', tag, digest, input}: AuditEntry): string =>
	[`${repository}${tag ? `:${tag}` : ''}${digest ? `@${shortDigest(digest)}` : ''}`, input].filter(Boolean).join(' ') || '-';
