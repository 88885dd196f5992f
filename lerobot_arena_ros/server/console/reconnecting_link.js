// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The consumer link of this page, which reconnects with exponential backoff. */

import { Link } from './link.js';
import { asArenaError } from './rest.js';

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8000;

/** The protocol features that this page supports. */
const FEATURES = ['last_stop', 'robot_state', 'remote_reset', 'control'];

/**
 * The state of the link.
 * @typedef {object} LinkState
 * @property {'connecting' | 'joined' | 'lost'} phase
 * @property {string} reason why the link is lost, as a part of a sentence; otherwise empty
 * @property {boolean} isMissing whether it is lost because the room does not exist
 * @property {boolean} isFinal whether it stays lost until {@link ReconnectingLink.retryNow}
 */

/**
 * The rooms of an arena: those of joints, or the video rooms.
 * @typedef {object} RoomSource
 * @property {(workspace: string, room: string) => URL} socketUrl
 * @property {(workspace: string, room: string) => Promise<unknown>} room
 */

/**
 * Callbacks of a reconnecting link.
 * @typedef {object} ReconnectingLinkHandlers
 * @property {(state: LinkState, joined: ?import('./link.js').Message) => void} onState `joined` is
 *     the server's reply to a join; null in all other states
 * @property {(message: import('./link.js').Message) => void} onMessage
 * @property {(ms: number) => void} onRoundTrip
 * @property {() => void} onTokenWanted the server does not accept the token
 */

/** Stays in one room as a consumer until it is closed. */
export class ReconnectingLink {
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
   * @param {RoomSource} arena
   * @param {string} workspace
   * @param {string} room
   * @param {string} participantId
   * @param {ReconnectingLinkHandlers} handlers
   */
  constructor(arena, workspace, room, participantId, handlers) {
    this.#arena = arena;
    this.#workspace = workspace;
    this.#room = room;
    this.#participantId = participantId;
    this.#handlers = handlers;
    this.#notify('connecting');
    this.#join();
  }

  /** The current link, which sends nothing unless it is joined. */
  get link() {
    return this.#link;
  }

  /** Reconnect now instead of after the delay, for example because the network is back. */
  retryNow() {
    if (this.#timer !== 0) {
      clearTimeout(this.#timer);
      this.#join();
    }
  }

  /** Leave until {@link resume}, because a page that the browser freezes cannot respond. */
  suspend() {
    this.close();
    this.#notify('lost', 'the browser paused this page');
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
    this.#link = new Link(url, this.#participantId, {
      onJoined: (joined) => this.#onJoined(joined),
      onMessage: this.#handlers.onMessage,
      onRoundTrip: this.#handlers.onRoundTrip,
      onEnd: (ending) => this.#onEnd(ending),
    }, FEATURES);
  }

  /** @param {import('./link.js').Message} joined */
  #onJoined(joined) {
    this.#attempts = 0;
    this.#notify('joined', '', { joined });
  }

  /** @param {import('./link.js').Ending} ending */
  async #onEnd(ending) {
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** this.#attempts, MAX_DELAY_MS);
    this.#attempts += 1;
    // The jitter keeps the pages that lost the same server from reconnecting all at once.
    this.#timer = setTimeout(() => this.#join(), delayMs * (0.75 + Math.random() / 2));
    if (ending.wasJoined) {
      this.#notify('lost', ending.text);
      return;
    }
    const error = await this.#findJoinError();
    // During the request the room may have been left, or joined again.
    if (this.#isClosed || this.#link?.isJoined) {
      return;
    }
    const isMissing = error?.kind === 'missing';
    // The server's verdict on the token holds until a person changes something.
    const isFinal = error?.kind === 'token' || error?.kind === 'forbidden';
    if (isFinal) {
      clearTimeout(this.#timer);
    }
    this.#notify('lost', error === null ? ending.text : error.message, { isMissing, isFinal });
    if (error?.kind === 'token') {
      this.#handlers.onTokenWanted();
    }
  }

  /**
   * @param {LinkState['phase']} phase
   * @param {string} [reason]
   * @param {{isMissing?: boolean, isFinal?: boolean, joined?: ?import('./link.js').Message}}
   *     [details]
   */
  #notify(phase, reason = '', { isMissing = false, isFinal = false, joined = null } = {}) {
    this.#handlers.onState({ phase, reason, isMissing, isFinal }, joined);
  }

  /** Find out over REST why a join failed: browsers hide why a handshake was refused. */
  async #findJoinError() {
    try {
      await this.#arena.room(this.#workspace, this.#room);
      return null;
    } catch (error) {
      return asArenaError(error);
    }
  }
}
