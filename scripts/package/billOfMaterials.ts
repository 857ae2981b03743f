/** The bill of materials of the package (CycloneDX): every package that is installed with it, and none that only builds or tests it. */

/** A CycloneDX document as `npm sbom --package-lock-only` prints it; what is not named here is passed on as it is. */
export type BillOfMaterials = {
	metadata: {component: Component};
	components: Component[];
	dependencies: {ref: string; dependsOn: string[]}[];
};
type Component = {'bom-ref': string; name: string; properties?: {name: string; value: string}[]};

/** `npm sbom --omit=dev` drops what ships and is used by a tool as well, zod among it, and names the package after its folder. */
export const billOfMaterials = (all: BillOfMaterials, packageName: string): BillOfMaterials => {
	const components = all.components
		.filter(component => !isDevelopment(component))
		.map(component => ({...component, name: nameOf(component)}));
	const own = {...all.metadata.component, name: packageName};
	const refs = new Set([own, ...components].map(component => component['bom-ref']));
	const dependencies = all.dependencies
		.filter(({ref}) => refs.has(ref))
		.map(({ref, dependsOn}) => ({ref, dependsOn: dependsOn.filter(other => refs.has(other))}));
	return {...all, metadata: {...all.metadata, component: own}, components, dependencies};
};

const isDevelopment = ({properties = []}: Component) =>
	properties.some(({name, value}) => name === 'cdx:npm:package:development' && value === 'true');

/** A workspace is named after its folder too; its reference has the name that it is published by. */
const nameOf = (component: Component) => component['bom-ref'].replace(/(?<=.)@[^@]*$/, '');
