// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file One participant's WebSocket connection to a room, from the join to the end. */

import { durationText } from './dom.js';

const HEARTBEAT_MS = 1000;
/** Heartbeats per liveness timeout, after which the server disconnects a silent participant. */
const HEARTBEATS_PER_LIVENESS = 3;
const ANSWER_TIMEOUT_MS = 3000;
const JOIN_TIMEOUT_MS = 8000;
/**
 * A heartbeat that is this late shows that the browser paused the page. Then a driver has not seen
 * the robot since.
 */
const PAUSE_MS = 5000;

/** The meaning of a close code, as a part of a sentence. */
const CLOSE_REASONS = new Map([
  [1000, 'the server closed the connection'],
  [1001, 'the server is shutting down'],
  [1008, 'the server refused what this page sent'],
  [1012, 'the server was shut down'],
  [4408, 'the server received nothing from this page for some seconds'],
  [1013, 'this page reads too slowly'],
  [4404, 'the room was deleted'],
  [4409, 'another connection replaced this one'],
]);

/**
 * A JSON object of the protocol. Its fields depend on its `type`, and none of them is validated.
 * @typedef {Record<string, any>} Message
 */

/**
 * How a link ended.
 * @typedef {object} Ending
 * @property {string} code one word: the server's code, or 'closed', 'silent', 'timeout', 'paused'
 * @property {string} text a part of a sentence
 * @property {boolean} wasJoined
 */

/**
 * Callbacks of a link.
 * @typedef {object} LinkHandlers
 * @property {(joined: Message) => void} [onJoined] receives the server's reply to the join
 * @property {(message: Message) => void} [onMessage] receives all messages but heartbeat replies
 * @property {(ms: number) => void} [onRoundTrip]
 * @property {(ending: Ending) => void} onEnd called once, unless the page itself closed the link
 */

/** A link cannot be joined again after it has ended: create another one. */
export class Link {
  #socket;
  #handlers;
  #timer;
  #isDriver;
  #heartbeatMs = HEARTBEAT_MS;
  /** @type {?number} when the last heartbeat was due */
  #heartbeatAt = null;
  /** @type {?number} when the heartbeat was sent that has no answer yet */
  #unansweredSince = null;
  /** @type {?Message} the error that explains why the server closes this link */
  #closingError = null;
  /** @type {'joining' | 'joined' | 'ended'} */
  #phase = 'joining';
  /**
   * The protocol features that the server has agreed to.
   * @type {Set<string>}
   */
  #features = new Set();

  /**
   * @param {URL} url
   * @param {string} participantId
   * @param {LinkHandlers} handlers
   * @param {string[]} [features] the protocol features that this participant supports
   */
  constructor(url, participantId, handlers, features = []) {
    this.#handlers = handlers;
    this.#isDriver = features.includes('liveness');
    this.#socket = new WebSocket(url);
    const join = { participant_id: participantId, role: 'consumer', features };
    this.#socket.onopen = () => this.send(join, true);
    this.#socket.onmessage = (event) => this.#onFrame(event.data);
    this.#socket.onclose = (event) => this.#onClose(event.code);
    this.#timer = setTimeout(
      () => this.#end('timeout', 'the server does not answer'),
      JOIN_TIMEOUT_MS,
    );
  }

  get isJoined() {
    return this.#phase === 'joined';
  }

  /**
   * Return whether the server has agreed to a protocol feature.
   * @param {string} feature
   */
  hasFeature(feature) {
    return this.#features.has(feature);
  }

  /** The number of bytes that this browser has buffered to be sent. */
  get backlogBytes() {
    return this.#socket.bufferedAmount;
  }

  /**
   * Send a message.
   * @param {Message} message
   * @param {boolean} [isJoin] whether this message is the join itself
   * @returns {boolean} whether the message was passed to the socket
   */
  send(message, isJoin = false) {
    if (!(isJoin || this.isJoined) || this.#socket.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Send a heartbeat now, because the browser may have suspended the timers. */
  checkNow() {
    if (this.isJoined) {
      clearTimeout(this.#timer);
      this.#onHeartbeatTimer();
    }
  }

  /** Leave the room without calling a handler. */
  close() {
    this.#phase = 'ended';
    clearTimeout(this.#timer);
    this.#socket.onmessage = this.#socket.onclose = this.#socket.onopen = null;
    this.#socket.close(1000);
  }

  /** @param {unknown} data */
  #onFrame(data) {
    const message = parse(data);
    if (message === null) {
      return;
    }
    if (message.type === 'joined') {
      this.#onJoined(message);
    } else if (message.type === 'heartbeat_ack') {
      this.#onHeartbeatAnswer();
    } else if (message.type === 'error' && (!this.isJoined || message.code === 'access_denied')) {
      this.#closingError = message;
    } else {
      this.#handlers.onMessage?.(message);
    }
  }

  /** @param {Message} message */
  #onJoined(message) {
    this.#phase = 'joined';
    clearTimeout(this.#timer);
    this.#features = new Set(Array.isArray(message.features) ? message.features : []);
    if (message.liveness_s > 0) {
      const maxMs = message.liveness_s * 1000 / HEARTBEATS_PER_LIVENESS;
      this.#heartbeatMs = Math.min(HEARTBEAT_MS, maxMs);
    }
    this.#handlers.onJoined?.(message);
    this.#onHeartbeatTimer();
  }

  #onHeartbeatAnswer() {
    if (this.#unansweredSince !== null) {
      const ms = performance.now() - this.#unansweredSince;
      this.#unansweredSince = null;
      this.#handlers.onRoundTrip?.(ms);
    }
  }

  #onHeartbeatTimer() {
    if (!this.isJoined) {
      return;
    }
    const now = performance.now();
    const pauseMs = now - (this.#heartbeatAt ?? now);
    this.#heartbeatAt = now;
    if (this.#isDriver && pauseMs > PAUSE_MS) {
      this.#end('paused', `the browser paused this page for ${durationText(pauseMs)}`);
      return;
    }
    if (this.#unansweredSince === null) {
      this.#unansweredSince = now;
      this.send({ type: 'heartbeat' });
    } else if (now - this.#unansweredSince > ANSWER_TIMEOUT_MS) {
      this.#end('silent', `no answer from the server for ${ANSWER_TIMEOUT_MS / 1000} s`);
      return;
    }
    this.#timer = setTimeout(() => this.#onHeartbeatTimer(), this.#heartbeatMs);
  }

  /** @param {number} closeCode */
  #onClose(closeCode) {
    const error = this.#closingError;
    if (error !== null) {
      this.#end(String(error.code ?? 'refused'), `the server reports: ${error.message}`);
    } else {
      this.#end('closed', CLOSE_REASONS.get(closeCode) ?? 'no connection to the server');
    }
  }

  /** @param {string} code @param {string} text */
  #end(code, text) {
    if (this.#phase === 'ended') {
      return;
    }
    const wasJoined = this.isJoined;
    this.close();
    this.#handlers.onEnd({ code, text, wasJoined });
  }
}

/**
 * Decode a frame. Return null for a frame that is not a JSON object: the public server sends NaN,
 * for example, which is not valid JSON.
 * @param {unknown} data
 * @returns {?Message}
 */
function parse(data) {
  try {
    const message = JSON.parse(/** @type {string} */ (data));
    return typeof message === 'object' && !Array.isArray(message) ? message : null;
  } catch {
    return null;
  }
}
