/** `refs diff`: what two refs have in common, and what only one of them has. */
import type {Digest} from 'oci-spec-types';
import type {RefName} from './ground.ts';
import {uncompressedOf} from './layerFacts.ts';
import type {RefContent} from './refContent.ts';
import {numberedSteps, type Step, type StepDescription} from './steps.ts';

/** Bytes of layers, as the manifests tell them. The refs may lie in two repositories, whose blobs are never the same objects. */
export type RefDiff = {
	a: RefName;
	b: RefName;
	layers: Sides<DiffedLayer>;
	bytes: {onlyA: number; onlyB: number; both: number};
	records: Sides<StepDescription>;
};

export type Sides<T> = {onlyA: readonly T[]; onlyB: readonly T[]; both: readonly T[]};

/** `twin`: the layer of the other side that has the same content, compressed otherwise. */
export type DiffedLayer = {digest: Digest; size: number; mediaType: string; uncompressed?: Digest; twin?: Digest};

export const diffRefs = (a: RefContent, b: RefContent): RefDiff => {
	const layers = sidesOf(byDigest(layersOf(a, b)), byDigest(layersOf(b, a)));
	const [inA = noSteps, inB = noSteps] = numberedSteps([a.cache, b.cache]);
	return {
		a: {repository: a.repo, tag: a.tag},
		b: {repository: b.repo, tag: b.tag},
		layers,
		bytes: {onlyA: bytesOf(layers.onlyA), onlyB: bytesOf(layers.onlyB), both: bytesOf(layers.both)},
		records: sidesOf(described(inA), described(inB)),
	};
};

const layersOf = ({layers}: RefContent, other: RefContent): readonly DiffedLayer[] => {
	const twins = new Map(other.layers.flatMap(layer => (uncompressedOf(layer) ? [[uncompressedOf(layer), layer.digest]] : [])));
	return layers.map(layer => {
		const uncompressed = uncompressedOf(layer);
		const twin = uncompressed && twins.get(uncompressed);
		const {digest, size, mediaType} = layer;
		return {digest, size, mediaType, ...(uncompressed && {uncompressed}), ...(twin && twin !== digest && {twin})};
	});
};

const byDigest = (layers: readonly DiffedLayer[]): ReadonlyMap<Digest, DiffedLayer> => new Map(layers.map(layer => [layer.digest, layer]));

const noSteps: ReadonlyMap<number, Step> = new Map();

const described = (steps: ReadonlyMap<number, Step>): ReadonlyMap<number, StepDescription> =>
	new Map([...steps].map(([number, {results: _, ...step}]) => [number, step]));

/** In the order of the side that they are on; of what both have, as the first has it. */
const sidesOf = <K, T>(a: ReadonlyMap<K, T>, b: ReadonlyMap<K, T>): Sides<T> => ({
	onlyA: [...a].flatMap(([key, row]) => (b.has(key) ? [] : [row])),
	onlyB: [...b].flatMap(([key, row]) => (a.has(key) ? [] : [row])),
	both: [...a].flatMap(([key, row]) => (b.has(key) ? [row] : [])),
});

const bytesOf = (layers: readonly DiffedLayer[]): number => layers.reduce((sum, {size}) => sum + size, 0);
