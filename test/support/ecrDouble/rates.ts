/** How often ECR lets each of its actions be done in a second, in one account and region (ECR user guide, "Service quotas"). */
import {refuse} from './answers.ts';

export type EcrAction = keyof typeof ecrRates;

const ecrRates = {
	PutImage: 10,
	InitiateLayerUpload: 100,
	CompleteLayerUpload: 100,
	UploadLayerPart: 500,
	BatchCheckLayerAvailability: 1000,
	BatchGetImage: 2000,
	GetDownloadUrlForLayer: 3000,
	GetAuthorizationToken: 500,
};

/** Throws the refusal of whoever is too fast. */
export type Rates = {count(action: EcrAction, onThrottled: () => void): void};

/** A bucket for each action, as full as one second's worth. `nowMs` since some moment. */
export const createRates = (changed: Partial<Record<EcrAction, number>>, nowMs: () => number): Rates => {
	const buckets = new Map<EcrAction, {left: number; at: number}>();
	return {
		count(action, onThrottled) {
			const perSecond = changed[action] ?? ecrRates[action];
			const now = nowMs();
			const {left, at} = buckets.get(action) ?? {left: perSecond, at: now};
			const full = Math.min(perSecond, left + ((now - at) / 1000) * perSecond);
			buckets.set(action, {left: Math.max(0, full - 1), at: now});
			if (full >= 1) return;
			buckets.set(action, {left: full, at: now});
			onThrottled();
			// ECR user guide, "Common errors": 429, ThrottleException; docker shows "toomanyrequests: Rate exceeded". No Retry-After.
			throw refuse(429, 'TOOMANYREQUESTS', 'Rate exceeded');
		},
	};
};
