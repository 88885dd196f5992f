/** @file A consumer that stays joined: a lost link is joined again, with growing delays. */

import { Link } from './link.js';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8000;

/** The additions to the wire that this page knows. */
const FEATURES = ['last_stop', 'robot_state', 'remote_reset'];

/**
 * How the link is.
 * @typedef {object} LinkState
 * @property {'connecting' | 'joined' | 'lost'} phase
 * @property {string} reason why it is lost, a part of a sentence; else empty
 * @property {boolean} isMissing whether it is lost because the room does not exist
 * @property {boolean} isFinal whether it is lost until {@link Watch.retryNow}
 */

/**
 * Handlers of a watch.
 * @typedef {object} WatchHandlers
 * @property {(state: LinkState, joined: ?object) => void} onState with the server's answer to a
 *     join, else null
 * @property {(message: object) => void} onMessage
 * @property {(ms: number, hasProducer: ?boolean) => void} onRoundTrip
 * @property {() => void} onTokenWanted the server does not accept the token
 */

/** Watches one room for as long as it is open. */
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
    this.#tell('connecting');
    this.#join();
  }

  /** The present link; while it is not joined it sends nothing. */
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

  /** Leave until {@link resume}: a page that the browser freezes answers nothing. */
  suspend() {
    this.close();
    this.#tell('lost', 'the browser paused this page');
  }

  /** Join again after {@link suspend}. */
  resume() {
    this.#isClosed = false;
    this.#attempts = 0;
    this.#join();
  }

  /** Leave the room. */
  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#link?.close();
  }

  #join() {
    this.#timer = 0;
    const url = this.#arena.socketUrl(this.#workspace, this.#room);
    this.#link = new Link(url, this.#participantId, 'consumer', {
      onJoined: (joined) => this.#onJoined(joined),
      onMessage: this.#handlers.onMessage,
      onRoundTrip: this.#handlers.onRoundTrip,
      onEnd: (ending) => this.#onEnd(ending),
    }, FEATURES);
  }

  #onJoined(joined) {
    this.#attempts = 0;
    this.#tell('joined', '', { joined });
  }

  /** @param {import('./link.js').Ending} ending */
  async #onEnd(ending) {
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** this.#attempts, LONGEST_DELAY_MS);
    this.#attempts += 1;
    // Pages that lost the same server do not all come back at the same moment.
    this.#timer = setTimeout(() => this.#join(), delayMs * (0.75 + Math.random() / 2));
    if (ending.wasJoined) {
      this.#tell('lost', ending.text);
      return;
    }
    const error = await this.#explanation();
    // In the meantime the room may have been left, or joined again.
    if (this.#isClosed || this.#link?.isJoined) {
      return;
    }
    const isMissing = error?.kind === 'missing';
    // What the server has said of the token stays true until a person changes something.
    const isFinal = error?.kind === 'token' || error?.kind === 'forbidden';
    if (isFinal) {
      clearTimeout(this.#timer);
    }
    this.#tell('lost', error === null ? ending.text : error.message, { isMissing, isFinal });
    if (error?.kind === 'token') {
      this.#handlers.onTokenWanted();
    }
  }

  #tell(phase, reason = '', { isMissing = false, isFinal = false, joined = null } = {}) {
    this.#handlers.onState({ phase, reason, isMissing, isFinal }, joined);
  }

  /** Ask over REST why a join failed: a browser hides why a handshake was refused. */
  async #explanation() {
    try {
      await this.#arena.room(this.#workspace, this.#room);
      return null;
    } catch (error) {
      return error;
    }
  }
}
