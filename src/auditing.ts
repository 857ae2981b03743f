/** The audit as a server has it: whether there is one, where it goes, and what the log and the metrics hear of it. */
import type {Writable} from 'node:stream';
import {type Audit, noAudit} from './audit/audit.ts';
import {openAuditFile} from './audit/auditFile.ts';
import {type AuditOptions, startAudit} from './audit/startAudit.ts';
import type {Settings} from './config/settings.ts';
import type {ObjectStore} from './storage/objectStore.ts';
import type {Log} from './telemetry/log.ts';
import type {DecisionSubject} from './telemetry/metrics/audit.ts';
import type {Metrics} from './telemetry/metrics.ts';

type Surroundings = Pick<AuditOptions, 'replica' | 'startedAt' | 'elapsed'> & {
	settings: Settings;
	log: Log;
	metrics: Metrics;
	/** Where lines go with LAYERCACHE_AUDIT_FILE=-. */
	stdout: Writable;
};

/** Whether it is written down who does what. */
export const isAudited = ({audit, auditFile, auth}: Settings): boolean =>
	audit === 'on' || (audit === undefined && (auth === 'required' || auditFile !== undefined));

/** Throws AuditFileUnusable. */
export const openAudit = async (store: ObjectStore, {settings, log, metrics, stdout, ...options}: Surroundings): Promise<Audit> =>
	withDecisionsCounted(
		isAudited(settings)
			? startAudit(store, {
					...options,
					file: settings.auditFile === undefined ? undefined : await openAuditFile(settings.auditFile, stdout),
					observer: metrics,
					onFailed: (place, error) => log.warn({place, error}, 'audit not written; it is kept, and tried again in ten seconds'),
					onLost: (place, events) => log.error({place, events}, 'events of the audit are lost'),
				})
			: noAudit,
		metrics,
	);

/** Also where nothing is written down. */
export const withDecisionsCounted = (inner: Audit, {recordDecision}: Pick<Metrics, 'recordDecision'>): Audit => ({
	...inner,
	record(event) {
		recordDecision(subjectOf(event.what), event.allowed);
		inner.record(event);
	},
});

const subjectOf = (what: string): DecisionSubject => {
	if (what === 'token' || what === 'signIn') return what;
	return what.startsWith('admin:') ? 'admin' : 'request';
};
