/** @file A stop is sent again and again, until the arena has passed it on to the room. */

const AGAIN_MS = 500;

/**
 * What became of a stop that was pressed here.
 * @typedef {object} StopState
 * @property {'unsent' | 'sent' | 'confirmed'} phase
 * @property {Date} pressedAt
 * @property {number} tripMs from the sending to its confirmation; 0 before
 */

/** Sends a stop over whichever links there are, until it is confirmed. */
export class StopOrder {
  #links;
  #onState;
  #timer = 0;
  #sentAt = 0;
  /** @type {?StopState} */
  #state = null;

  /**
   * @param {() => import('./link.js').Link[]} links the best one first
   * @param {(state: StopState) => void} onState
   */
  constructor(links, onState) {
    this.#links = links;
    this.#onState = onState;
  }

  /** Whether a stop is still to be sent or confirmed. */
  get isOwed() {
    return this.#state !== null && this.#state.phase !== 'confirmed';
  }

  /** Stop. Pressing again sends again. */
  press() {
    if (!this.isOwed) {
      this.#state = { phase: 'unsent', pressedAt: new Date(), tripMs: 0 };
      this.#sendOver(this.#joined().slice(0, 1));
    } else {
      this.#sendOver(this.#joined());
    }
  }

  /** A link is there again: send a stop that is not confirmed. */
  onJoined() {
    if (this.isOwed) {
      this.#sendOver(this.#joined());
    }
  }

  /** The arena has passed on a stop of this page. */
  onEcho() {
    if (this.isOwed) {
      clearTimeout(this.#timer);
      const tripMs = performance.now() - this.#sentAt;
      this.#tell({ ...this.#state, phase: 'confirmed', tripMs });
    }
  }

  /** Send nothing more, as when the room is left. */
  forget() {
    clearTimeout(this.#timer);
    this.#state = null;
  }

  #joined() {
    return this.#links().filter((link) => link.isJoined);
  }

  #sendOver(links) {
    const message = { type: 'emergency_stop', reason: 'Stop pressed in the console' };
    let isSent = false;
    for (const link of links) {
      isSent = link.send(message) || isSent;
    }
    if (isSent) {
      this.#sentAt = performance.now();
    }
    clearTimeout(this.#timer);
    // A link may be dead before that is known: a stop that is not confirmed is sent over the other.
    this.#timer = setTimeout(() => this.#sendOver(this.#joined()), AGAIN_MS);
    this.#tell({ ...this.#state, phase: isSent ? 'sent' : 'unsent' });
  }

  #tell(state) {
    this.#state = state;
    this.#onState(state);
  }
}
