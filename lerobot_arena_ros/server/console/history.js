// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The values of one joint over the last 30 seconds. */

export const SPAN_MS = 30_000;

/**
 * A value that holds until the next sample.
 * @typedef {object} Sample
 * @property {number} at in the time of performance.now()
 * @property {?number} value null: unknown from here on
 */

/** Samples in the order of their times. */
export class History {
  /** @type {Sample[]} */
  #samples = [];
  #first = 0;

  /**
   * @param {number} at in the time of performance.now()
   * @param {?number} value null: unknown from here on, for example because the link is lost
   */
  add(at, value) {
    this.#samples.push({ at, value });
    this.#discardBefore(at - SPAN_MS);
  }

  /**
   * Return the samples since a time, and the one that held at that time.
   * @param {number} start
   */
  since(start) {
    this.#discardBefore(start);
    return this.#samples.slice(this.#first);
  }

  /** @param {number} start */
  #discardBefore(start) {
    while (this.#first + 1 < this.#samples.length && this.#samples[this.#first + 1].at <= start) {
      this.#first += 1;
    }
    if (this.#first > 1000) {
      this.#samples.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
