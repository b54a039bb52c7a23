/**
 * The value at a percentile (0–100) by linear interpolation between closest ranks, as numpy's `linear`. Reorders the first `count` values.
 * null when empty.
 */
export function percentileOf(values: Float64Array, count: number, percentile: number): number | null {
  if (count === 0) return null;
  const rank = (percentile / 100) * (count - 1);
  const below = Math.floor(rank);
  const low = select(values, count, below);
  if (below === rank) return low;
  let next = Infinity;
  for (let i = below + 1; i < count; i++) if ((values[i] as number) < next) next = values[i] as number;
  return low + (next - low) * (rank - below);
}

/** Puts the k-th smallest at its place, smaller ones before it, greater ones behind (quickselect, middle of three). */
function select(values: Float64Array, count: number, k: number): number {
  let left = 0;
  let right = count - 1;
  while (left < right) {
    const pivot = middleOf(values[left] as number, values[(left + right) >> 1] as number, values[right] as number);
    let i = left;
    let j = right;
    while (i <= j) {
      while ((values[i] as number) < pivot) i++;
      while ((values[j] as number) > pivot) j--;
      if (i <= j) {
        const swapped = values[i] as number;
        values[i] = values[j] as number;
        values[j] = swapped;
        i++;
        j--;
      }
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else break;
  }
  return values[k] as number;
}

const middleOf = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
