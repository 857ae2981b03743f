/** S3's clock, as its last answer told it. */
export type S3Clock = {
	/** Of an answer that has just come; undefined where it has none. */
	hear(headers: Readonly<Record<string, string>> | undefined): Date | undefined;
	now(): Date;
};

export const createS3Clock = (): S3Clock => {
	let leadMs = 0;
	return {
		hear(headers) {
			const date = new Date(headers?.date ?? '');
			if (Number.isNaN(date.getTime())) return undefined;
			leadMs = date.getTime() - Date.now();
			return date;
		},
		now: () => new Date(Date.now() + leadMs),
	};
};
