import { Tokeniser } from '@weir/pipeline';

/** Tokens remembered; then all are forgotten and it begins anew. */
const tokensMax = 200_000;

/** A tokeniser for files, where the same cards come again and again: a keyed hash costs as much as several features. Lives as long as the run. */
export class RememberingTokeniser extends Tokeniser {
  private readonly tokenByValue = new Map<string, string>();

  override token(value: string): string {
    const known = this.tokenByValue.get(value);
    if (known !== undefined) return known;
    const token = super.token(value);
    if (this.tokenByValue.size >= tokensMax) this.tokenByValue.clear();
    this.tokenByValue.set(value, token);
    return token;
  }
}
