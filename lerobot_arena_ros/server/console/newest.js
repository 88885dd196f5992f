/** @file Sends the newest value of each joint that moves, at a bounded rate, and always the last. */

const PERIOD_MS = 20;
/** Above this the network is behind: a value that is sent now would arrive late. */
const MOST_BACKLOG_BYTES = 4096;

/** Holds at most one value of each joint. */
export class NewestSender {
  #send;
  #backlogBytes;
  #pending = new Map();
  #timer = 0;
  #sentAt = -Infinity;

  /**
   * @param {(joints: {name: string, value: number}[]) => void} send
   * @param {() => number} backlogBytes
   */
  constructor(send, backlogBytes) {
    this.#send = send;
    this.#backlogBytes = backlogBytes;
  }

  /**
   * Send a joint's value, now or in a moment.
   * @param {string} name
   * @param {number} value
   */
  put(name, value) {
    this.#pending.set(name, value);
    if (this.#timer === 0) {
      this.#wait();
    }
  }

  /** Discard what is not sent yet. */
  clear() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#pending.clear();
  }

  /** Send what is left, regardless of the rate. */
  flush() {
    const joints = [...this.#pending].map(([name, value]) => ({ name, value }));
    this.clear();
    if (joints.length > 0) {
      this.#sentAt = performance.now();
      this.#send(joints);
    }
  }

  #wait() {
    const waitMs = this.#sentAt + PERIOD_MS - performance.now();
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#onTime(), waitMs);
    } else {
      this.#onTime();
    }
  }

  #onTime() {
    if (this.#backlogBytes() > MOST_BACKLOG_BYTES) {
      this.#timer = setTimeout(() => this.#onTime(), PERIOD_MS);
    } else {
      this.flush();
    }
  }
}
