// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file A rate limiter that keeps the newest value of each joint and always sends the last. */

const PERIOD_MS = 20;
/** Above this backlog the network is too slow: a value that is sent now would arrive late. */
const MAX_BACKLOG_BYTES = 4096;

/** Buffers at most one value of each joint. */
export class CoalescingSender {
  #send;
  #backlogBytes;
  /** @type {Map<string, number>} */
  #pending = new Map();
  #timer = 0;
  #sentAt = -Infinity;

  /**
   * @param {(joints: {name: string, value: number}[]) => void} send
   * @param {() => number} backlogBytes returns the number of bytes that the socket has buffered
   */
  constructor(send, backlogBytes) {
    this.#send = send;
    this.#backlogBytes = backlogBytes;
  }

  /**
   * Send a joint's value now, or as soon as the rate allows.
   * @param {string} name
   * @param {number} value
   */
  put(name, value) {
    this.#pending.set(name, value);
    if (this.#timer === 0) {
      this.#schedule();
    }
  }

  /** Discard the buffered values. */
  clear() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#pending.clear();
  }

  /** Send the buffered values now, regardless of the rate. */
  flush() {
    const joints = [...this.#pending].map(([name, value]) => ({ name, value }));
    this.clear();
    if (joints.length > 0) {
      this.#sentAt = performance.now();
      this.#send(joints);
    }
  }

  #schedule() {
    const waitMs = this.#sentAt + PERIOD_MS - performance.now();
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#onTimer(), waitMs);
    } else {
      this.#onTimer();
    }
  }

  #onTimer() {
    if (this.#backlogBytes() > MAX_BACKLOG_BYTES) {
      this.#timer = setTimeout(() => this.#onTimer(), PERIOD_MS);
    } else {
      this.flush();
    }
  }
}
