import { hashText } from './hash';

/** Texts in one table before the next one begins. */
const textsPerTableMax = 1_000_000;

/** Texts by number, from 0: equal texts have one number, so rows hold numbers and no text is compared twice. */
export class TextTable {
  private readonly texts: string[] = [];
  private readonly hashes: number[] = [];
  private readonly numberByText = new Map<string, number>();

  get size(): number { return this.texts.length; }

  numberOf(text: string): number {
    const known = this.numberByText.get(text);
    if (known !== undefined) return known;
    const number = this.texts.push(text) - 1;
    this.hashes.push(hashText(text, 0));
    this.numberByText.set(text, number);
    return number;
  }

  textOf(number: number): string { return this.texts[number] as string; }
  /** `hashValue` of the text. */
  hashOf(number: number): number { return this.hashes[number] as number; }
}

/**
 * The table that many keys share. A full one is left to the keys whose rows were numbered by it; each moves on when its next event comes, and
 * with the last of them the table goes.
 */
export class TextTables {
  private table = new TextTable();

  constructor(private readonly textsMax = textsPerTableMax) {}

  /** Where texts are numbered now. */
  get current(): TextTable {
    if (this.table.size >= this.textsMax) this.table = new TextTable();
    return this.table;
  }
}
