// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The stamps of pictures, which a producer sends on a data channel. Pure.
 *
 * A stamp has the RTP time of its picture, less an offset that the receiver does not know. The
 * offset is the one with which most of the last pictures have a stamp.
 */

/** The label of the data channel. */
export const STAMPS_LABEL = 'lerobot_arena_ros.stamps';

const MESSAGE_BYTES = 12;
const NS_PER_MS = 1e6;
/** The number of stamps that are kept, about four seconds. */
const MAX_STAMPS = 128;
/** The number of pictures that are compared to find the offset. */
const COMPARED = 8;
/** How many of them must have a stamp. */
const ENOUGH = 4;
/** After this number of pictures without a stamp, the offset is determined again. */
const MAX_MISSES = 30;

/**
 * Decode a message of the data channel; return null if it is not a stamp.
 * @param {unknown} data
 * @returns {?{ticks: number, stampMs: number}} `stampMs` is in milliseconds since 1970, on the
 *     clock of the camera
 */
export function decodeStamp(data) {
  if (!(data instanceof ArrayBuffer) || data.byteLength !== MESSAGE_BYTES) {
    return null;
  }
  const view = new DataView(data);
  return { ticks: view.getUint32(0), stampMs: Number(view.getBigInt64(4)) / NS_PER_MS };
}

/** Finds the stamps of the pictures of one connection. */
export class StampMatcher {
  /** @type {Map<number, number>} in the order of their arrival */
  #stamps = new Map();
  /** @type {number[]} */
  #recent = [];
  /** @type {?number} */
  #offset = null;
  #misses = 0;

  /**
   * Store the stamp of a picture, which may already have been shown.
   * @param {number} ticks
   * @param {number} stampMs
   */
  add(ticks, stampMs) {
    this.#stamps.set(ticks, stampMs);
    const [oldest] = this.#stamps.keys();
    if (this.#stamps.size > MAX_STAMPS) {
      this.#stamps.delete(oldest);
    }
  }

  /**
   * Return when a picture was taken; null if that is not known.
   * @param {number} rtpTimestamp of the picture
   * @returns {?number} milliseconds since 1970, on the clock of the camera
   */
  stampMs(rtpTimestamp) {
    this.#recent.push(rtpTimestamp);
    if (this.#recent.length > COMPARED) {
      this.#recent.shift();
    }
    this.#offset ??= this.#findOffset(rtpTimestamp);
    if (this.#offset === null) {
      return null;
    }
    const found = this.#stamps.get(modulo(rtpTimestamp + this.#offset)) ?? null;
    this.#misses = found === null ? this.#misses + 1 : 0;
    if (this.#misses >= MAX_MISSES) {
      this.#offset = null;
      this.#misses = 0;
    }
    return found;
  }

  /**
   * Return the offset with which most pictures have a stamp; null if it is ambiguous.
   * @param {number} rtpTimestamp
   */
  #findOffset(rtpTimestamp) {
    let best = null;
    let [bestCount, secondCount] = [0, 0];
    for (const ticks of this.#stamps.keys()) {
      const offset = ticks - rtpTimestamp;
      const matches = this.#recent.filter((each) => this.#stamps.has(modulo(each + offset)));
      if (matches.length > bestCount) {
        [best, bestCount, secondCount] = [offset, matches.length, bestCount];
      } else {
        secondCount = Math.max(secondCount, matches.length);
      }
    }
    // A wrong offset may fit a few pictures by chance.
    return bestCount >= ENOUGH && secondCount <= bestCount / 2 ? best : null;
  }
}

/** @param {number} ticks */
function modulo(ticks) {
  return ((ticks % 2 ** 32) + 2 ** 32) % 2 ** 32;
}
