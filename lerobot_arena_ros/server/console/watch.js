/** @file A consumer that stays joined: what is lost is joined again, ever more patiently. */

import { Link } from './link.js';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8000;

/**
 * How the link is.
 * @typedef {object} LinkState
 * @property {'connecting' | 'joined' | 'lost'} phase
 * @property {string} reason why it is lost, a part of a sentence; else empty
 */

/**
 * What a watch tells.
 * @typedef {object} WatchHandlers
 * @property {(state: LinkState) => void} onState
 * @property {(message: object) => void} onMessage
 * @property {(ms: number, hasProducer: ?boolean) => void} onRoundTrip
 * @property {() => void} onTokenWanted the server takes the token no more
 */

/** Keeps one room in view for as long as it is open. */
export class Watch {
  #arena;
  #workspace;
  #room;
  #participantId;
  #handlers;
  #attempts = 0;
  #timer = 0;
  #isClosed = false;
  /** @type {?Link} */
  #link = null;

  /**
   * @param {import('./rest.js').Arena} arena
   * @param {string} workspace
   * @param {string} room
   * @param {string} participantId
   * @param {WatchHandlers} handlers
   */
  constructor(arena, workspace, room, participantId, handlers) {
    this.#arena = arena;
    this.#workspace = workspace;
    this.#room = room;
    this.#participantId = participantId;
    this.#handlers = handlers;
    handlers.onState({ phase: 'connecting', reason: '' });
    this.#join();
  }

  /** The present link; what it is asked to send goes nowhere while it is not joined. */
  get link() {
    return this.#link;
  }

  /** Try at once, as when the network is back. */
  retryNow() {
    if (this.#timer !== 0) {
      clearTimeout(this.#timer);
      this.#join();
    }
  }

  /** Leave for good. */
  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#link?.close();
  }

  #join() {
    this.#timer = 0;
    const url = this.#arena.socketUrl(this.#workspace, this.#room);
    this.#link = new Link(url, this.#participantId, 'consumer', {
      onJoined: () => this.#onJoined(),
      onMessage: this.#handlers.onMessage,
      onRoundTrip: this.#handlers.onRoundTrip,
      onEnd: (ending) => this.#onEnd(ending),
    });
  }

  #onJoined() {
    this.#attempts = 0;
    this.#handlers.onState({ phase: 'joined', reason: '' });
  }

  /** @param {import('./link.js').Ending} ending */
  async #onEnd(ending) {
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** this.#attempts, LONGEST_DELAY_MS);
    this.#attempts += 1;
    // Many pages that lost one server do not all come back in one moment.
    this.#timer = setTimeout(() => this.#join(), delayMs * (0.75 + Math.random() / 2));
    if (ending.wasJoined) {
      this.#handlers.onState({ phase: 'lost', reason: ending.text });
      return;
    }
    const error = await this.#explanation();
    if (this.#isClosed || this.#link?.isJoined) {
      return;
    }
    this.#handlers.onState({ phase: 'lost', reason: error === null ? ending.text : error.message });
    if (error?.kind === 'token') {
      this.#handlers.onTokenWanted();
    }
  }

  /** Ask why a join failed, over REST: of a refused handshake, a browser tells a page nothing. */
  async #explanation() {
    try {
      await this.#arena.room(this.#workspace, this.#room);
      return null;
    } catch (error) {
      return error;
    }
  }
}
