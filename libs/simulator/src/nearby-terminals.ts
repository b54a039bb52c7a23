import type { SeededRandom } from '@weir/testkit';
import { cityAt, mapSide } from './geography';

/** Most terminals one customer goes to; of more within reach a random choice is kept. */
const terminalsPerCustomerMax = 64;

/** Terminals in cells of the map, so that a search looks at its neighbourhood alone. */
export class TerminalGrid {
  private readonly cells: number[][];
  private readonly side: number;
  private readonly cellSize: number;

  constructor(private readonly x: Float64Array, private readonly y: Float64Array) {
    this.side = Math.max(1, Math.min(200, Math.floor(Math.sqrt(x.length / 4))));
    this.cellSize = mapSide / this.side;
    this.cells = Array.from({ length: this.side * this.side }, () => []);
    for (let terminal = 0; terminal < x.length; terminal++) this.cellOf(this.column(x[terminal] as number), this.column(y[terminal] as number)).push(terminal);
  }

  /**
   * Terminals within `radius` of a place, in the place's own city; when there are none the radius is doubled, at last over
   * the border. Never empty.
   */
  near(x: number, y: number, radius: number, random: SeededRandom): number[] {
    const city = cityAt(x, y);
    for (let reach = radius; ; reach *= 2) {
      const anywhere = reach >= 2 * mapSide;
      const found = this.within(x, y, reach, anywhere ? undefined : city, random);
      if (found.length > 0) return found;
    }
  }

  private within(x: number, y: number, reach: number, city: number | undefined, random: SeededRandom): number[] {
    const kept: number[] = [];
    let seen = 0;
    for (let row = this.column(y - reach); row <= this.column(y + reach); row++) {
      for (let column = this.column(x - reach); column <= this.column(x + reach); column++) {
        for (const terminal of this.cellOf(column, row)) {
          if (!this.fits(terminal, x, y, reach, city)) continue;
          seen++;
          if (kept.length < terminalsPerCustomerMax) kept.push(terminal);
          else keepByChance(kept, terminal, random.int(0, seen - 1));
        }
      }
    }
    return kept;
  }

  private fits(terminal: number, x: number, y: number, reach: number, city: number | undefined): boolean {
    const terminalX = this.x[terminal] as number;
    const terminalY = this.y[terminal] as number;
    return (terminalX - x) ** 2 + (terminalY - y) ** 2 <= reach * reach && (city === undefined || cityAt(terminalX, terminalY) === city);
  }

  private column(place: number): number {
    return Math.max(0, Math.min(this.side - 1, Math.floor(place / this.cellSize)));
  }

  private cellOf(column: number, row: number): number[] {
    return this.cells[row * this.side + column] as number[];
  }
}

/** Reservoir sampling: every one seen is kept with the same probability. */
function keepByChance(kept: number[], terminal: number, place: number): void {
  if (place < kept.length) kept[place] = terminal;
}
