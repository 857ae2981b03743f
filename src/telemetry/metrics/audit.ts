/** What was decided about those who ask, and whether that is written down. */
import {beginAt0, type Instruments} from './instruments.ts';

export type DecisionSubject = (typeof subjects)[number];
type AuditPlace = (typeof places)[number];

export const createAuditMetrics = ({counter}: Instruments) => {
	const decisions = counter(
		'layercache_decisions_total',
		'What was allowed or refused: requests of the registry, tokens, sign-ins, and what administrators asked for.',
		'subject',
		'outcome',
	);
	const events = counter(
		'layercache_audit_events_total',
		'Events of the audit: written to the store or the file, or lost: nobody will write them any more.',
		'place',
		'outcome',
	);
	const flushes = counter(
		'layercache_audit_flushes_total',
		'How often the audit was written: stored, or failed and kept for the next time.',
		'place',
		'outcome',
	);

	for (const subject of subjects) beginAt0(decisions, 'outcome', ['allowed', 'refused'], {subject});
	for (const place of places) {
		beginAt0(events, 'outcome', ['written', 'lost'], {place});
		beginAt0(flushes, 'outcome', ['stored', 'failed'], {place});
	}

	return {
		recordDecision: (subject: DecisionSubject, allowed: boolean) => decisions.inc({subject, outcome: allowed ? 'allowed' : 'refused'}),
		recordAudited: (place: AuditPlace, outcome: 'written' | 'lost', count: number) => events.inc({place, outcome}, count),
		recordAuditFlush: (place: AuditPlace, outcome: 'stored' | 'failed') => flushes.inc({place, outcome}),
	};
};

const subjects = ['request', 'token', 'signIn', 'admin'] as const;
const places = ['store', 'file'] as const;
