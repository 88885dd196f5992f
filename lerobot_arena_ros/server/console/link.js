/** @file One participant's WebSocket, from its join to its end. */

import { agoText } from './dom.js';

const HEARTBEAT_MS = 1000;
/** Heartbeats in the time after which the server disconnects a participant that sends nothing. */
const BEATS_IN_LIVENESS = 3;
const SILENCE_MS = 3000;
const JOIN_MS = 8000;
/** A page whose heartbeat is so late was paused: whoever drove it has not seen the robot since. */
const PAUSE_MS = 5000;

/** What a close code means, as a part of a sentence. */
const CLOSINGS = new Map([
  [1000, 'the server closed the connection'],
  [1001, 'the server is going away'],
  [1008, 'the server refused what this page sent'],
  [1012, 'the server was stopped'],
  [4408, 'the server received nothing from this page for some seconds'],
  [1013, 'this page reads too slowly'],
  [4404, 'the room was deleted'],
  [4409, 'another connection took the place of this one'],
]);

/**
 * How a link ended.
 * @typedef {object} Ending
 * @property {string} code one word: the server's, or 'closed', 'silent', 'timeout'
 * @property {string} text a part of a sentence
 * @property {boolean} wasJoined
 */

/**
 * Handlers of a link.
 * @typedef {object} LinkHandlers
 * @property {(joined: object) => void} [onJoined] with the server's answer
 * @property {(message: object) => void} [onMessage] each message but answers to heartbeats
 * @property {(ms: number, hasProducer: ?boolean) => void} [onRoundTrip]
 * @property {(ending: Ending) => void} onEnd called once, unless the page itself closed the link
 */

/** A link that has ended is not joined again: another one is made. */
export class Link {
  #socket;
  #handlers;
  #timer;
  #isProducer;
  #beatMs = HEARTBEAT_MS;
  #beatAt = null;
  #askedAt = null;
  #complaint = null;
  #phase = 'joining';
  /** The additions to the wire that the server serves to this participant. */
  #features = new Set();

  /**
   * @param {URL} url
   * @param {string} participantId
   * @param {'producer' | 'consumer'} role
   * @param {LinkHandlers} handlers
   * @param {string[]} [features] the additions to the wire that this participant knows
   */
  constructor(url, participantId, role, handlers, features = []) {
    this.#handlers = handlers;
    this.#isProducer = role === 'producer';
    this.#socket = new WebSocket(url);
    const join = { participant_id: participantId, role, features };
    this.#socket.onopen = () => this.send(join, true);
    this.#socket.onmessage = (event) => this.#onFrame(event.data);
    this.#socket.onclose = (event) => this.#onClose(event.code);
    this.#timer = setTimeout(() => this.#end('timeout', 'the server does not answer'), JOIN_MS);
  }

  get isJoined() {
    return this.#phase === 'joined';
  }

  /**
   * Return whether the server serves an addition to the wire.
   * @param {string} feature
   */
  has(feature) {
    return this.#features.has(feature);
  }

  /** Bytes that wait in this browser to be sent. */
  get backlogBytes() {
    return this.#socket.bufferedAmount;
  }

  /**
   * Send a message.
   * @param {object} message
   * @param {boolean} [isJoin] it is the one that joins
   * @returns {boolean} whether it was handed to the network
   */
  send(message, isJoin = false) {
    if (!(isJoin || this.isJoined) || this.#socket.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Ask for a sign of life at once, because the browser may have suspended the timers. */
  beatNow() {
    if (this.isJoined) {
      clearTimeout(this.#timer);
      this.#beat();
    }
  }

  /** Leave the room, without calling a handler. */
  close() {
    this.#phase = 'ended';
    clearTimeout(this.#timer);
    this.#socket.onmessage = this.#socket.onclose = this.#socket.onopen = null;
    this.#socket.close(1000);
  }

  #onFrame(text) {
    const message = parse(text);
    if (message === null) {
      return;
    }
    if (message.type === 'joined') {
      this.#phase = 'joined';
      clearTimeout(this.#timer);
      this.#features = new Set(Array.isArray(message.features) ? message.features : []);
      if (message.liveness_s > 0) {
        this.#beatMs = Math.min(HEARTBEAT_MS, message.liveness_s * 1000 / BEATS_IN_LIVENESS);
      }
      this.#handlers.onJoined?.(message);
      this.#beat();
    } else if (message.type === 'heartbeat_ack') {
      this.#onAnswer(message);
    } else if (message.type === 'error' && (!this.isJoined || message.code === 'access_denied')) {
      // The reason of the end of this link.
      this.#complaint = message;
    } else {
      this.#handlers.onMessage?.(message);
    }
  }

  #onAnswer(message) {
    if (this.#askedAt !== null) {
      const ms = performance.now() - this.#askedAt;
      this.#askedAt = null;
      const { has_producer: hasProducer } = message;
      this.#handlers.onRoundTrip?.(ms, typeof hasProducer === 'boolean' ? hasProducer : null);
    }
  }

  #beat() {
    if (!this.isJoined) {
      return;
    }
    const now = performance.now();
    const pauseMs = now - (this.#beatAt ?? now);
    this.#beatAt = now;
    if (this.#isProducer && pauseMs > PAUSE_MS) {
      this.#end('paused', `the browser paused this page for ${agoText(pauseMs)}`);
      return;
    }
    if (this.#askedAt === null) {
      this.#askedAt = now;
      this.send({ type: 'heartbeat' });
    } else if (now - this.#askedAt > SILENCE_MS) {
      this.#end('silent', `no answer from the server for ${SILENCE_MS / 1000} s`);
      return;
    }
    this.#timer = setTimeout(() => this.#beat(), this.#beatMs);
  }

  #onClose(closeCode) {
    const complaint = this.#complaint;
    if (complaint !== null) {
      this.#end(String(complaint.code ?? 'refused'), `the server says: ${complaint.message}`);
    } else {
      this.#end('closed', CLOSINGS.get(closeCode) ?? 'the connection broke');
    }
  }

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
 * Read a frame; null for what is none, as upstream's NaN.
 * @param {unknown} text
 * @returns {?object}
 */
function parse(text) {
  try {
    const message = JSON.parse(text);
    return typeof message === 'object' && !Array.isArray(message) ? message : null;
  } catch {
    return null;
  }
}
