/** Texts of others as a line may have them: bounded, printable, and without what looks like a secret. */

/** At most `limit` characters of printable ASCII. */
export const cleaned = (text: string, limit: number): string => {
	const shown = text
		.slice(0, limit + longestSecretStart)
		.replace(secrets, keepStart)
		.replace(unprintable, '?');
	return shown.length > limit ? `${shown.slice(0, limit - 3)}...` : shown;
};

/**
 * Of a name that was not proven, its beginning and its length: enough to see that somebody tries `root` and `admin`, and no help
 * to whoever reads that a password was typed into the wrong field.
 */
export const startOf = (name: string): string => {
	const shown = Math.min(longestStart, Math.floor(name.length / 4));
	return `${cleaned(name.slice(0, shown), longestStart)}... (${name.length} characters)`;
};

const longestStart = 3;

const unprintable = /[^\x20-\x7e]/g;

// What ends beyond the limit would not be recognized, and its beginning would stay.
const longestSecretStart = 64;

// Our static tokens, whose id may be told; JSON Web Tokens; what signs a URL; and a password in one.
const secrets =
	/(lc_[A-Za-z0-9]{12}_)[\w-]+|(eyJ)[\w-]{5,}(?:\.[\w-]*)*|(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"']+|(:\/\/)[^/\s@]+@/gi;

const keepStart = (_: string, ...starts: (string | undefined)[]): string =>
	`${starts.slice(0, 4).find(start => start !== undefined) ?? ''}...`;
