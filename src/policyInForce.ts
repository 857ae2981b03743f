/** The policy that is in force, what the log and the metrics hear of it, and the registry that each client gets by it. */
import {LRUCache} from 'lru-cache';
import {clientNameOf} from './auth/identity.ts';
import type {Caller, Rights} from './auth/rights.ts';
import {countRules, noPolicy, type Policy, type PolicyInvalid, protectsForNobody} from './config/policy.ts';
import {openPolicyFile, type PolicyFile} from './config/policyFile.ts';
import type {Settings} from './config/settings.ts';
import {tenantOf} from './http/tenant.ts';
import type {RegistryFor} from './http/v2.ts';
import type {Denial} from './refs/protectedPush.ts';
import type {RefRules} from './refs/refBehaviour.ts';
import {withRefSyntax} from './refs/withRefSyntax.ts';
import {withRights} from './refs/withRights.ts';
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
		log.info({file, rules: countRules(policy)}, 'policy loaded');
		metrics.recordPolicyRead('loaded');
		if (protectsForNobody(policy))
			log.warn({file}, 'the policy protects refs, and no rule of `access` gives anybody the right to move them');
	};
	const onRefused = ({problems}: PolicyInvalid) => {
		log.error({file, problems}, 'the policy file cannot be used; the policy before it stays in force');
		metrics.recordPolicyRead('refused');
	};
	return openPolicyFile(file, {onLoaded, onRefused, lastGood: shared?.lastGood.policy?.[0]});
};

/**
 * Each caller gets a registry that keeps to its rights, and counts what it leaves unnamed. `pushed` answers what was pushed, as it was.
 * `policy` is asked each time; `elapsed` in milliseconds.
 */
export const registryForCallers = (
	{registry, pushed}: {registry: Registry; pushed: Registry},
	{policy, rules, elapsed}: {policy: () => Policy; rules: RefRules; elapsed: () => number},
	{settings, log, metrics}: Surroundings,
): RegistryFor => {
	const limitBytes = settings.unreferencedLimitBytes;
	const unreferenced = limitBytes > 0 ? createUnreferenced(limitBytes, elapsed) : undefined;
	// A client sends many requests, and its rights stay the same while the policy does. Of another policy nothing is kept: its decisions are large.
	const known = new LRUCache<string, {rights: Rights; registry: Registry}>({max: rememberedClients});
	let madeBy = policy();

	const make = ({identity, address, rights}: Caller, client: string): Registry => {
		const limited = unreferenced ? withUnreferencedLimit(registry, unreferenced, tenantOf({identity, client: {address}})) : registry;
		const onDenial = (denial: Denial) => {
			log.info({...denial, client}, 'protected ref');
			metrics.recordDenial(denial.did, denial.outcome);
		};
		// A push to a tag that nobody can push to is refused, and never discarded.
		return withRefSyntax(withRights(limited, {rights, rules, pushed, onDenial}));
	};

	return caller => {
		const inForce = policy();
		if (inForce !== madeBy) known.clear();
		madeBy = inForce;
		const {rights} = caller;
		const client = clientNameOf(caller);
		const before = known.get(client);
		if (before?.rights === rights) return before.registry;
		const made = make(caller, client);
		known.set(client, {rights, registry: made});
		return made;
	};
};

const rememberedClients = 500;
