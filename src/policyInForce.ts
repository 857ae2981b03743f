/** The policy that is in force, what the log and the metrics hear of it, and the registry that each client gets by it. */
import {noPolicy, type Policy, type PolicyInvalid} from './config/policy.ts';
import {openPolicyFile, type PolicyFile} from './config/policyFile.ts';
import type {Settings} from './config/settings.ts';
import {isAmong} from './http/client.ts';
import type {RegistryFor} from './http/v2.ts';
import type {RefRules} from './refs/refBehaviour.ts';
import {type Denial, withProtectedRefs} from './refs/withProtectedRefs.ts';
import {withRefSyntax} from './refs/withRefSyntax.ts';
import {createUnreferenced, withUnreferencedLimit} from './refs/withUnreferencedLimit.ts';
import type {Registry} from './registry/registry.ts';
import type {SharedFiles} from './sharedFiles.ts';
import type {Log} from './telemetry/log.ts';
import type {Metrics} from './telemetry/metrics.ts';

type Surroundings = {settings: Settings; log: Log; metrics: Metrics};

/** Throws PolicyInvalid. */
export const openPolicy = async ({settings, log, metrics}: Surroundings, shared?: SharedFiles): Promise<PolicyFile> => {
	const file = settings.policy;
	if (file === undefined) return {current: () => noPolicy, reload: async () => undefined, stop: () => undefined};
	const onLoaded = (policy: Policy, text: string) => {
		shared?.onLoaded('policy', [text]);
		log.info({file, rules: policy.refs.length}, 'policy loaded');
		metrics.recordPolicyRead('loaded');
		if (settings.protectClients.length === 0 && policy.refs.some(({protect}) => protect))
			log.warn({file}, 'the policy protects refs, and nobody may move them: LAYERCACHE_PROTECT_CLIENTS names who may');
	};
	const onRefused = ({problems}: PolicyInvalid) => {
		log.error({file, problems}, 'the policy file cannot be used; the policy before it stays in force');
		metrics.recordPolicyRead('refused');
	};
	return openPolicyFile(file, {onLoaded, onRefused, lastGood: shared?.lastGood.policy?.[0]});
};

/**
 * Who may not move protected refs gets a registry that does not, and each client one that counts what it leaves unnamed.
 * `pushed` answers what was pushed, as it was. `elapsed` in milliseconds.
 */
export const registryForClients = (
	{registry, pushed}: {registry: Registry; pushed: Registry},
	{rules, elapsed}: {rules: RefRules; elapsed: () => number},
	{settings, log, metrics}: Surroundings,
): RegistryFor => {
	const mayMove = isAmong(settings.protectClients);
	const limitBytes = settings.unreferencedLimitBytes;
	const unreferenced = limitBytes > 0 ? createUnreferenced(limitBytes, elapsed) : undefined;
	return ({address}) => {
		const limited = unreferenced ? withUnreferencedLimit(registry, unreferenced, address) : registry;
		if (mayMove(address)) return withRefSyntax(limited);
		const onDenial = (denial: Denial) => {
			log.info({...denial, client: address}, 'protected ref');
			metrics.recordDenial(denial.did, denial.outcome);
		};
		// A push to a tag that nobody can push to is refused, and never discarded.
		return withRefSyntax(withProtectedRefs(limited, {rules, pushed, onDenial}));
	};
};
