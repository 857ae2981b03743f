/** How reasons name a rule of the policy. */
import type {Budget, RefRule} from '../config/policy.ts';

export const formatRule = ({line, match}: RefRule | Budget): string => `${match.text}, line ${line} of the policy`;
