export interface City {
  readonly name: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly lat: number;
  readonly lon: number;
}

/** Cities of one currency, so that amounts can be compared. */
export const cities: readonly City[] = Object.freeze([
  { name: 'Berlin', country: 'DE', lat: 52.52, lon: 13.405 },
  { name: 'Paris', country: 'FR', lat: 48.857, lon: 2.352 },
  { name: 'Madrid', country: 'ES', lat: 40.417, lon: -3.703 },
  { name: 'Rome', country: 'IT', lat: 41.903, lon: 12.496 },
  { name: 'Vienna', country: 'AT', lat: 48.208, lon: 16.373 },
  { name: 'Amsterdam', country: 'NL', lat: 52.368, lon: 4.904 },
  { name: 'Brussels', country: 'BE', lat: 50.85, lon: 4.352 },
  { name: 'Lisbon', country: 'PT', lat: 38.722, lon: -9.139 },
  { name: 'Dublin', country: 'IE', lat: 53.349, lon: -6.26 },
  { name: 'Helsinki', country: 'FI', lat: 60.17, lon: 24.938 },
  { name: 'Athens', country: 'GR', lat: 37.984, lon: 23.728 },
  { name: 'Munich', country: 'DE', lat: 48.137, lon: 11.575 },
]);
export const currency = 'EUR';

/** Side of the square map that customers and terminals live on. */
export const mapSide = 100;
/** Degrees of latitude a unit of the map stands for; about a kilometre. */
const degreesPerUnit = 0.009;
const columns = 4;
const rows = Math.ceil(cities.length / columns);

/** The map is a chessboard of cities. */
export function cityAt(x: number, y: number): number {
  const column = Math.min(columns - 1, Math.floor((x / mapSide) * columns));
  const row = Math.min(rows - 1, Math.floor((y / mapSide) * rows));
  return Math.min(cities.length - 1, row * columns + column);
}

/** Degrees, to about a metre. */
export function latitudeAt(y: number, city: number): number {
  const middle = ((Math.floor(city / columns) + 0.5) * mapSide) / rows;
  return rounded((cities[city] as City).lat + (y - middle) * degreesPerUnit);
}

export function longitudeAt(x: number, city: number): number {
  const middle = (((city % columns) + 0.5) * mapSide) / columns;
  return rounded((cities[city] as City).lon + (x - middle) * degreesPerUnit * 1.5);
}

const rounded = (degrees: number): number => Math.round(degrees * 100_000) / 100_000;
