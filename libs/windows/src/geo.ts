const earthRadiusKm = 6_371;
const msPerHour = 3_600_000;
const radians = Math.PI / 180;

/** Great-circle distance in km between two places in degrees (haversine, radius 6,371 km). */
export function distanceKm(latA: number, lonA: number, latB: number, lonB: number): number {
  const sinLat = Math.sin(((latB - latA) * radians) / 2);
  const sinLon = Math.sin(((lonB - lonA) * radians) / 2);
  const h = sinLat * sinLat + Math.cos(latA * radians) * Math.cos(latB * radians) * sinLon * sinLon;
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** km/h over a time in ms, which must not be 0. */
export const speedKmh = (km: number, elapsedMs: number): number => km / (elapsedMs / msPerHour);
