/** Days of the calendar, UTC. */

/** `2026-11-27`; the order of the texts is that of the days. */
export type Day = string & {readonly __brand: 'Day'};

export const dayMs = 86_400_000;

export const dayOf = (time: Date | number): Day => new Date(time).toISOString().slice(0, 10) as Day;

/** When the day ends, in milliseconds since 1970. */
export const endOfDay = (day: Day): number => Date.parse(day) + dayMs;

/** The day that was so many days before. */
export const daysBefore = (day: Day, days: number): Day => dayOf(Date.parse(day) - days * dayMs);

export const isDay = (text: string): text is Day => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
