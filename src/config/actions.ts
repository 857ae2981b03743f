/** What may be done with a ref, or within a repository. */

/** In the order of their weight: `protect` moves and deletes what is protected, `admin` is for the admin API and the dashboard. */
export const actions = ['pull', 'push', 'delete', 'protect', 'admin'] as const;
export type Action = (typeof actions)[number];
