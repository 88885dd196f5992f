/** @file The control of a room, which is the place of its one producer: taken, used, given back. */

import { Link } from './link.js';
import { NewestSender } from './newest.js';

/** The server may free the room when this page sends no heartbeat, though its socket answers. */
const FEATURES = ['liveness'];

const CONSOLE = /^console-[0-9a-f]+-driver$/;

/**
 * Whether this page drives.
 * @typedef {object} DriveState
 * @property {'free' | 'asking' | 'driving'} phase
 * @property {string} note why, as a sentence; may be empty
 */

/** Drives a room once the user takes control. Control that is lost is not taken again by itself. */
export class Driver {
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
   * @param {{onState: (state: DriveState) => void, onMessage: (message: object) => void}} handlers
   */
  constructor(arena, workspace, room, participantId, handlers) {
    this.#arena = arena;
    this.#workspace = workspace;
    this.#room = room;
    this.participantId = participantId;
    this.#handlers = handlers;
    this.#sender = new NewestSender(
      (data) => this.#link?.send({ type: 'joint_update', data }),
      () => this.#link?.backlogBytes ?? 0,
    );
  }

  /** The link while this page has control or asks for it, else null. */
  get link() {
    return this.#link;
  }

  get isDriving() {
    return this.#link !== null && this.#link.isJoined;
  }

  /** Ask for control. Nothing is sent before the user moves a joint. */
  take() {
    if (this.#link !== null) {
      return;
    }
    this.#handlers.onState({ phase: 'asking', note: '' });
    const url = this.#arena.socketUrl(this.#workspace, this.#room);
    this.#link = new Link(url, this.participantId, 'producer', {
      onJoined: () => this.#handlers.onState({ phase: 'driving', note: '' }),
      onMessage: this.#handlers.onMessage,
      onEnd: (ending) => this.#onEnd(ending),
    }, FEATURES);
  }

  /** Give control back, after sending what the user moved last. */
  release() {
    if (this.#link !== null) {
      this.#sender.flush();
      this.drop('Control was given back.');
    }
  }

  /**
   * Give control back at once; values that wait to be sent are discarded.
   * @param {string} note why, as a sentence
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
   * Send nothing more while locked; values that wait to be sent are discarded.
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
      : await this.#refusal(ending);
    // In the meantime the room may have been left.
    if (this.#link === ended && ended !== null) {
      this.#link = null;
      this.#handlers.onState({ phase: 'free', note });
    }
  }

  async #refusal(ending) {
    try {
      const { producer } = await this.#arena.room(this.#workspace, this.#room);
      return producer === null
        ? `Control was refused: ${ending.text}.`
        : `Control was refused: ${holderText(producer)}`;
    } catch (error) {
      return `Control was refused: ${error.message}.`;
    }
  }
}

/**
 * Return who drives a room instead of this page, and what to do about it.
 * @param {string} id of the participant that drives
 */
export function holderText(id) {
  const remedy = CONSOLE.test(id)
    ? 'It is another page of this console: press Release there.'
    : 'Have its operator release control or end that program.';
  return `${id} drives this room. ${remedy} Then take control here.`;
}
