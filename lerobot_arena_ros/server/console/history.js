/** @file The values of one joint over the last half minute. */

export const SPAN_MS = 30_000;

/** Samples in the order of their times; a value holds until the next one. */
export class History {
  /** @type {{at: number, value: ?number}[]} */
  #samples = [];
  #first = 0;

  /**
   * @param {number} at of the clock of performance.now(), in ms
   * @param {?number} value null: unknown from here on, as the link is lost
   */
  add(at, value) {
    this.#samples.push({ at, value });
    this.#forget(at - SPAN_MS);
  }

  /**
   * Return the samples since a moment, and the one that held before.
   * @param {number} start
   */
  since(start) {
    this.#forget(start);
    return this.#samples.slice(this.#first);
  }

  #forget(start) {
    while (this.#first + 1 < this.#samples.length && this.#samples[this.#first + 1].at <= start) {
      this.#first += 1;
    }
    if (this.#first > 1000) {
      this.#samples.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
