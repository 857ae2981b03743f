/** The lifetimes in the model: a grace and a quarantine of an hour each. */
import {createLifetimes} from '../../src/registry/lifetimes.ts';

const hourMs = 3_600_000;
export const quarantineMs = hourMs;
export const graceMs = hourMs;
export const lifetimes = createLifetimes({graceMs, quarantineMs, indexMs: quarantineMs / 16});
