// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Takes, uses and releases control of a room: its single producer drives the robots. */

import { CoalescingSender } from './coalescing_sender.js';
import { Link } from './link.js';
import { asArenaError } from './rest.js';

/**
 * With this feature the server frees the room when heartbeats of this page are missing, although
 * the browser still answers pings.
 */
const FEATURES = ['liveness'];

const CONSOLE_ID = /^console-[0-9a-f]+-driver$/;

/**
 * Whether this page drives.
 * @typedef {object} DriveState
 * @property {'free' | 'requesting' | 'driving'} phase
 * @property {string} note the reason, as a sentence; may be empty
 */

/** Drives a room after the user has taken control. Does not take control again after a loss. */
export class ProducerLink {
  #arena;
  #workspace;
  #room;
  #handlers;
  #sender;
  /** @type {?Link} */
  #link = null;
  #isLocked = false;

  /**
   * @param {import('./rest.js').Arena} arena
   * @param {string} workspace
   * @param {string} room
   * @param {string} participantId
   * @param {{onState: (state: DriveState) => void,
   *     onMessage: (message: import('./link.js').Message) => void}} handlers
   */
  constructor(arena, workspace, room, participantId, handlers) {
    this.#arena = arena;
    this.#workspace = workspace;
    this.#room = room;
    this.participantId = participantId;
    this.#handlers = handlers;
    this.#sender = new CoalescingSender(
      (data) => this.#link?.send({ type: 'joint_update', data }),
      () => this.#link?.backlogBytes ?? 0,
    );
  }

  /** The link while this page has control or requests it, otherwise null. */
  get link() {
    return this.#link;
  }

  get isDriving() {
    return this.#link !== null && this.#link.isJoined;
  }

  /** Request control. Nothing is sent before the user moves a joint. */
  take() {
    if (this.#link !== null) {
      return;
    }
    this.#handlers.onState({ phase: 'requesting', note: '' });
    const url = this.#arena.socketUrl(this.#workspace, this.#room);
    this.#link = new Link(url, this.participantId, 'producer', {
      onJoined: () => this.#handlers.onState({ phase: 'driving', note: '' }),
      onMessage: this.#handlers.onMessage,
      onEnd: (ending) => this.#onEnd(ending),
    }, FEATURES);
  }

  /** Release control after sending the values that the user set last. */
  release() {
    if (this.#link !== null) {
      this.#sender.flush();
      this.drop('Control was released.');
    }
  }

  /**
   * Release control at once and discard values that are not sent yet.
   * @param {string} note the reason, as a sentence
   */
  drop(note) {
    if (this.#link !== null) {
      this.close();
      this.#handlers.onState({ phase: 'free', note });
    }
  }

  /**
   * Move one joint, and no other.
   * @param {string} name
   * @param {number} value
   */
  move(name, value) {
    if (this.isDriving && !this.#isLocked) {
      this.#sender.put(name, value);
    }
  }

  /**
   * Lock or unlock the sending of joint values; discard values that are not sent yet.
   * @param {boolean} isLocked
   */
  lock(isLocked) {
    this.#isLocked = isLocked;
    this.#sender.clear();
  }

  /** Leave at once, without calling a handler. */
  close() {
    this.#sender.clear();
    this.#link?.close();
    this.#link = null;
  }

  /** @param {import('./link.js').Ending} ending */
  async #onEnd(ending) {
    const ended = this.#link;
    this.#sender.clear();
    const note = ending.wasJoined
      ? `Control was lost: ${ending.text}. Nothing more is sent.`
      : await this.#refusalText(ending);
    // During the request the room may have been left.
    if (this.#link === ended && ended !== null) {
      this.#link = null;
      this.#handlers.onState({ phase: 'free', note });
    }
  }

  /** @param {import('./link.js').Ending} ending */
  async #refusalText(ending) {
    try {
      const { producer } = await this.#arena.room(this.#workspace, this.#room);
      return producer === null
        ? `Control was refused: ${ending.text}.`
        : `Control was refused: ${otherDriverText(producer)}`;
    } catch (error) {
      return `Control was refused: ${asArenaError(error).message}.`;
    }
  }
}

/**
 * Return which other participant drives a room, and how this page can get control.
 * @param {string} id of the participant that drives
 */
export function otherDriverText(id) {
  const remedy = CONSOLE_ID.test(id)
    ? 'It is another page of this console: press Release there.'
    : 'Ask its operator to release control, or end that program.';
  return `${id} drives this room. ${remedy} Then take control here.`;
}
