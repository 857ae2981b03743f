/** What is kept of which days, by the store's clock. */
import {type Day, daysBefore} from '../lib/days.ts';

/** Of what was there before, only sums and last times are kept, and the totals of each day. */
export const firstDetailedDay = (today: Day): Day => daysBefore(today, detailedDays - 1);

const detailedDays = 35;
