/** What all samples have in common: their moment, and values that are the same whenever they are made of the same text. */
import {createHash} from 'node:crypto';

export const sampleNow = Date.parse('2026-11-27T09:30:00Z');

export const GiB = 1024 ** 3;
export const MiB = 1024 ** 2;
export const dayMs = 86_400_000;
export const ago = (days: number) => new Date(sampleNow - days * dayMs).toISOString();
export const asOf = ago(0.011);

export const digest = (of: string) => `sha256:${createHash('sha256').update(of).digest('hex')}`;
/** From 0 to 1, the same for the same text. */
export const drawn = (of: string) => Number.parseInt(digest(of).slice(7, 15), 16) / 0xffffffff;
