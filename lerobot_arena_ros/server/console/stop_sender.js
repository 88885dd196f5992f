// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Sends an emergency stop repeatedly, until the arena has passed it on to the room. */

const RESEND_MS = 500;

/**
 * The state of a stop from this page.
 * @typedef {object} StopState
 * @property {'unsent' | 'sent' | 'confirmed'} phase
 * @property {Date} pressedAt
 * @property {number} roundTripMs from the sending to the confirmation; 0 until it is confirmed
 */

/**
 * Sends a stop over the joined links of this page until it is confirmed.
 *
 * The sequence of a stop:
 *
 * 1. `press`: the stop goes out over the first joined link. Further presses use all joined links.
 * 2. Every 500 ms without a confirmation, and at each new join, it is sent again over all links.
 * 3. `onEcho`: the arena has passed the stop on to the room, this page included. The stop is
 *    confirmed, and the sending ends.
 */
export class StopSender {
  #links;
  #onState;
  #timer = 0;
  #sentAt = 0;
  /** @type {?StopState} */
  #state = null;

  /**
   * @param {() => import('./link.js').Link[]} links returns the links, the preferred one first
   * @param {(state: StopState) => void} onState
   */
  constructor(links, onState) {
    this.#links = links;
    this.#onState = onState;
  }

  /** Whether there is a stop that is not confirmed. */
  get isPending() {
    return this.#state !== null && this.#state.phase !== 'confirmed';
  }

  /** Send a stop; send it again if it is not confirmed yet. */
  press() {
    if (this.#state === null || this.#state.phase === 'confirmed') {
      this.#state = { phase: 'unsent', pressedAt: new Date(), roundTripMs: 0 };
      this.#sendOver(this.#state, this.#joinedLinks().slice(0, 1));
    } else {
      this.#sendOver(this.#state, this.#joinedLinks());
    }
  }

  /** Send an unconfirmed stop again, because a link has joined. */
  onJoined() {
    if (this.#state !== null && this.isPending) {
      this.#sendOver(this.#state, this.#joinedLinks());
    }
  }

  /** Mark the stop as confirmed, because the arena has passed it on. */
  onEcho() {
    if (this.#state !== null && this.isPending) {
      clearTimeout(this.#timer);
      const roundTripMs = performance.now() - this.#sentAt;
      this.#setState({ ...this.#state, phase: 'confirmed', roundTripMs });
    }
  }

  /** Discard the stop, because the page leaves the room. */
  cancel() {
    clearTimeout(this.#timer);
    this.#state = null;
  }

  #joinedLinks() {
    return this.#links().filter((link) => link.isJoined);
  }

  /** @param {StopState} state @param {import('./link.js').Link[]} links */
  #sendOver(state, links) {
    const message = { type: 'emergency_stop', reason: 'Stop pressed in the console' };
    let isSent = false;
    for (const link of links) {
      isSent = link.send(message) || isSent;
    }
    if (isSent) {
      this.#sentAt = performance.now();
    }
    clearTimeout(this.#timer);
    // A link may be dead without being detected yet, so the next attempt uses all links.
    this.#timer = setTimeout(() => this.#sendOver(state, this.#joinedLinks()), RESEND_MS);
    this.#setState({ ...state, phase: isSent ? 'sent' : 'unsent' });
  }

  /** @param {StopState} state */
  #setState(state) {
    this.#state = state;
    this.#onState(state);
  }
}
