// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Requests, uses and ends control of a room: only one participant drives its robots. */

import { CoalescingSender } from './coalescing_sender.js';
import { readControl, readRefusal } from './control_state.js';
import { lossText } from './control_texts.js';
import { sentence } from './dom.js';
import { Link } from './link.js';
import { asArenaError } from './rest.js';

/**
 * A participant with both features may have control. With 'liveness' the server ends it when
 * heartbeats of this page are missing, although the browser still answers pings.
 */
const FEATURES = ['control', 'liveness'];

/** @typedef {import('./link.js').Message} Message */

/**
 * Whether this page drives.
 * @typedef {object} DriveState
 * @property {'free' | 'requesting' | 'asking' | 'driving'} phase 'asking': the driver decides
 * @property {string} note the reason, as sentences; may be empty
 */

/**
 * Callbacks of the link.
 * @typedef {object} DriverLinkHandlers
 * @property {(state: DriveState) => void} onState
 * @property {(message: Message) => void} onMessage receives stops and errors
 * @property {(id: string) => string} nameOf returns the displayed name of a participant
 */

/**
 * Drives a room after the user has requested control.
 *
 * The sequence:
 *
 * 1. `take`: the link joins and sends the request.
 * 2. The server answers, perhaps only when the driver has decided. Then this page drives.
 * 3. The link ends as soon as this page does not have control any more, for any reason. So only
 *    another request of the user can make this page drive again.
 */
export class DriverLink {
  #arena;
  #workspace;
  #room;
  #handlers;
  #sender;
  /** @type {?Link} */
  #link = null;
  /** @type {?import('./control_state.js').Control} who has control, from the messages of #link */
  #control = null;
  /** @type {DriveState['phase']} */
  #phase = 'free';
  /** The number of the change that gave control to this page. */
  #drivesSince = 0;
  /**
   * The types of the requests that have no answer yet, by their numbers.
   * @type {Map<number, string>}
   */
  #pending = new Map();
  #lastRequest = 0;
  #isLocked = false;

  /**
   * @param {import('./rest.js').Arena} arena
   * @param {string} workspace
   * @param {string} room
   * @param {string} participantId
   * @param {DriverLinkHandlers} handlers
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
    return this.#phase === 'driving';
  }

  /** Request control. Nothing is sent before the user moves a joint. */
  take() {
    if (this.#link !== null) {
      return;
    }
    this.#control = null;
    this.#setPhase('requesting');
    const url = this.#arena.socketUrl(this.#workspace, this.#room);
    this.#link = new Link(url, this.participantId, {
      onJoined: () => this.#onJoined(),
      onMessage: (message) => this.#onMessage(message),
      onEnd: (ending) => this.#onEnd(ending),
    }, FEATURES);
  }

  /** Release control after sending the values that the user set last, or withdraw the request. */
  release() {
    if (this.isDriving) {
      this.#sender.flush();
      this.#request('release_control');
      this.drop('Control was released.');
    } else {
      this.drop('The request for control was withdrawn.');
    }
  }

  /**
   * Give control to another driver after sending the values that the user set last.
   * @param {string} to
   */
  give(to) {
    if (this.isDriving) {
      this.#sender.flush();
      this.#request('give_control', {
        to,
        // Refused if control has changed, or `to` does not ask any more, when it arrives.
        control: this.#drivesSince,
        asked: this.#control?.requests.includes(to) ?? false,
      });
    }
  }

  /**
   * Refuse the request of another driver.
   * @param {string} to
   */
  refuse(to) {
    if (this.isDriving) {
      this.#request('refuse_control', { to });
    }
  }

  /** Withdraw a request without an answer, because of a stop: nothing may move by it later. */
  onStop() {
    if (!this.isDriving) {
      this.drop('The request for control was withdrawn, because of the stop.');
    }
  }

  /**
   * End control or the request for it, at once, and discard values that are not sent yet.
   * @param {string} note the reason, as sentences
   */
  drop(note) {
    if (this.#link !== null) {
      this.close();
      this.#setPhase('free', note);
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
    this.#pending.clear();
    this.#phase = 'free';
    this.#link?.close();
    this.#link = null;
  }

  /**
   * @param {DriveState['phase']} phase
   * @param {string} [note]
   */
  #setPhase(phase, note = '') {
    this.#phase = phase;
    this.#handlers.onState({ phase, note });
  }

  /**
   * @param {string} type
   * @param {object} [keys] further keys of the message
   */
  #request(type, keys = {}) {
    this.#lastRequest += 1;
    this.#pending.set(this.#lastRequest, type);
    this.#link?.send({ type, request: this.#lastRequest, ...keys });
  }

  #onJoined() {
    if (this.#link?.hasFeature('control')) {
      this.#request('take_control');
    } else {
      this.drop('Control was refused: this arena server cannot hand over control, because it is'
        + ' older than this page. Update it, and load this page again.');
    }
  }

  /**
   * Handle a message. The other link of this page receives the joints and the robots.
   * @param {Message} message
   */
  #onMessage(message) {
    switch (message.type) {
      case 'control':
        this.#onControl(readControl(message));
        break;
      case 'control_answer':
        this.#onAnswer(message);
        break;
      case 'emergency_stop':
      case 'error':
        this.#handlers.onMessage(message);
        break;
      default:
    }
  }

  /** @param {import('./control_state.js').Control} control */
  #onControl(control) {
    this.#control = control;
    if (this.isDriving) {
      // If control went to somebody else and came back, the user has not requested it again.
      if (control.holder !== this.participantId || control.number !== this.#drivesSince) {
        this.drop(lossText(control, this.#handlers.nameOf));
      }
    } else if (this.#phase === 'requesting' && control.requests.includes(this.participantId)) {
      this.#setPhase('asking');
    }
  }

  /** @param {Message} message */
  #onAnswer(message) {
    const type = this.#pending.get(message.request);
    const refusal = readRefusal(message);
    this.#pending.delete(message.request);
    if (type === 'take_control') {
      this.#onDecision(refusal);
    } else if (type !== undefined && refusal !== null) {
      const what = type === 'give_control' ? 'Control was not given' : 'The answer came too late';
      this.#setPhase('driving', `${what}: ${sentence(refusal)}`);
    }
  }

  /** @param {?string} refusal of control; null: this page got it */
  #onDecision(refusal) {
    if (refusal !== null) {
      this.drop(`Control was refused: ${sentence(refusal)}`);
    } else if (this.#control?.holder === this.participantId) {
      this.#drivesSince = this.#control.number;
      this.#setPhase('driving');
    } else {
      this.drop('Control was refused: the server did not report that this page has it.');
    }
  }

  /** @param {import('./link.js').Ending} ending */
  async #onEnd(ending) {
    const ended = this.#link;
    const wasDriving = this.isDriving;
    this.#phase = 'free';
    this.#sender.clear();
    const text = ending.wasJoined ? ending.text : await this.#joinErrorText(ending);
    const note = wasDriving
      ? `Control was lost: ${text}. Nothing more is sent.`
      : `Control was refused: ${text}.`;
    // During the request the room may have been left.
    if (this.#link === ended && ended !== null) {
      this.drop(note);
    }
  }

  /**
   * Find out over REST why a join failed: browsers hide why a handshake was refused.
   * @param {import('./link.js').Ending} ending
   */
  async #joinErrorText(ending) {
    try {
      await this.#arena.room(this.#workspace, this.#room);
      return ending.text;
    } catch (error) {
      return asArenaError(error).message;
    }
  }
}
