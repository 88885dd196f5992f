// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Recognizes a stop that is received again: by the other link of this page, or at a join. */

/** How many stops are remembered. */
const MAX_STOPS = 50;

/** The stops that this page has received. */
export class KnownStops {
  /** @type {Set<string>} */
  #keys = new Set();

  /**
   * Remember a stop, and return whether it is received for the first time.
   * @param {import('./link.js').Message} message
   */
  add({ source, timestamp }) {
    const key = JSON.stringify([source, timestamp]);
    if (this.#keys.has(key)) {
      return false;
    }
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > MAX_STOPS) {
      this.#keys.delete(oldest);
    }
    return true;
  }
}
