// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Describes an emergency stop: its source, and which robots have confirmed it. */

import { clockTime, sentence } from './dom.js';

/** After this time, a robot that has not confirmed is named. */
const CONFIRM_MS = 1000;

/**
 * The state of the room that the description of a stop depends on.
 * @typedef {object} RoomStatus
 * @property {import('./robots.js').Robot[]} robots
 * @property {?number} viewers other than this page; null: not known
 * @property {boolean} isMissing whether the room does not exist
 * @property {string} room
 * @property {string} workspace
 */

/**
 * The message about a stop.
 * @typedef {object} StopMessage
 * @property {'bad' | 'stopped'} kind bad: it is not known whether all robots have stopped
 * @property {string} title
 * @property {string} text
 * @property {boolean} canUnlock whether the page may be unlocked
 */

/**
 * A stop of another participant.
 * @typedef {{name: string, reason: string, at: Date}} OtherStop
 */

/** @typedef {'waiting' | 'stopped' | 'reset' | 'silent' | 'left'} RobotPhase */

/** Follows one stop until another one replaces it. */
export class StopStatus {
  /** @type {?import('./stop_sender.js').StopState} */
  #own = null;
  /** @type {?OtherStop} */
  #other = null;
  #beganAt = 0;
  /** @type {Map<string, RobotPhase>} by the robot's id */
  #robots = new Map();

  /**
   * Follow a stop of this page, or update its state.
   * @param {import('./stop_sender.js').StopState} state
   * @param {number} now
   */
  setOwnStop(state, now) {
    if (this.#own?.pressedAt !== state.pressedAt) {
      this.#begin(now);
    }
    this.#own = state;
    this.#other = null;
  }

  /**
   * Follow a stop of another participant.
   * @param {OtherStop} stop
   * @param {number} now
   */
  setOtherStop(stop, now) {
    this.#begin(now);
    this.#own = null;
    this.#other = stop;
  }

  /** Discard the stop, because the user has unlocked the page or left the room. */
  clear() {
    this.#own = null;
    this.#other = null;
    this.#robots.clear();
  }

  /**
   * Return the message to show.
   * @param {RoomStatus} status
   * @param {number} now
   * @returns {?StopMessage} null: there is no stop to show
   */
  message(status, now) {
    if (this.#own !== null) {
      this.#update(status.robots);
      switch (this.#own.phase) {
        case 'unsent':
          return unsentMessage(this.#own, status);
        case 'sent':
          return sentMessage(this.#own);
        default:
          return this.#confirmedMessage(ownTexts(this.#own, status), now);
      }
    }
    if (this.#other !== null) {
      this.#update(status.robots);
      return this.#confirmedMessage(otherTexts(this.#other), now);
    }
    return null;
  }

  /** @param {number} now */
  #begin(now) {
    this.#beganAt = now;
    this.#robots.clear();
  }

  /** @param {import('./robots.js').Robot[]} robots */
  #update(robots) {
    const present = new Set(robots.map(({ id }) => id));
    for (const [id, phase] of this.#robots) {
      if (!present.has(id)) {
        if (phase === 'waiting' || phase === 'left') {
          this.#robots.set(id, 'left');
        } else {
          this.#robots.delete(id);
        }
      }
    }
    for (const { id, gate, isOld } of robots) {
      this.#robots.set(id, nextPhase(this.#robots.get(id), gate === 'stopped', isOld));
    }
  }

  /** @param {RobotPhase} phase */
  #idsIn(phase) {
    return [...this.#robots].filter(([, each]) => each === phase).map(([id]) => id);
  }

  /**
   * @param {[title: string, text: string]} texts
   * @param {number} now
   * @returns {StopMessage}
   */
  #confirmedMessage([title, text], now) {
    const total = this.#robots.size;
    if (total === 0) {
      const unknown = 'No robot here reports whether it has stopped.';
      return {
        kind: 'stopped',
        title,
        text: `${text} ${unknown} Check that the robot has stopped.`,
        canUnlock: true,
      };
    }
    const stopped = this.#idsIn('stopped').length;
    const isLate = now - this.#beganAt >= CONFIRM_MS;
    const unconfirmed = isLate ? this.#unconfirmedText() : '';
    const reset = listed('Reset after the stop', this.#idsIn('reset'));
    return {
      kind: unconfirmed === '' ? 'stopped' : 'bad',
      title: `${title}: ${stopped} of ${total} ${total === 1 ? 'robot' : 'robots'} stopped`,
      text: [text, unconfirmed, reset].filter((each) => each !== '').join(' '),
      canUnlock: true,
    };
  }

  #unconfirmedText() {
    const texts = [
      listed('Not confirmed by', this.#idsIn('waiting')),
      listed('Left the room without confirming', this.#idsIn('left')),
      listed('Confirmed, but no reports since then', this.#idsIn('silent')),
    ].filter((each) => each !== '');
    return texts.length === 0 ? '' : `${texts.join(' ')} Check that the robot has stopped.`;
  }
}

/**
 * @param {import('./stop_sender.js').StopState} stop
 * @param {RoomStatus} status
 * @returns {StopMessage}
 */
function unsentMessage({ pressedAt }, { isMissing, room, workspace }) {
  const cause = isMissing
    ? `there is no room ${room} in workspace ${workspace}`
    : 'the link is down';
  const until = isMissing ? 'the room exists and this page has joined it' : 'the link is back';
  return {
    kind: 'bad',
    title: `The stop is NOT sent: ${cause}`,
    text: `Pressed at ${clockTime(pressedAt)}. It will be sent as soon as ${until}. Until then,`
      + " use the robot's own stop.",
    canUnlock: false,
  };
}

/**
 * @param {import('./stop_sender.js').StopState} stop
 * @returns {StopMessage}
 */
function sentMessage({ pressedAt }) {
  return {
    kind: 'bad',
    title: 'Stop sent, not confirmed yet',
    text: `Pressed at ${clockTime(pressedAt)}. If the robot still moves, use its own stop.`,
    canUnlock: false,
  };
}

/**
 * Return the title and the text for a confirmed stop of this page.
 * @param {import('./stop_sender.js').StopState} stop
 * @param {RoomStatus} status
 * @returns {[title: string, text: string]}
 */
function ownTexts({ pressedAt, roundTripMs }, { robots, viewers }) {
  const to = robots.length > 0 || viewers === null
    ? ''
    : ` to ${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`;
  const after = `${Math.max(1, Math.round(roundTripMs))} ms`;
  return [
    'Stop from this page',
    `Pressed at ${clockTime(pressedAt)}. The arena passed the stop on${to} after ${after}.`,
  ];
}

/**
 * Return the title and the text for a stop of another participant.
 * @param {OtherStop} stop
 * @returns {[title: string, text: string]}
 */
function otherTexts({ name, reason, at }) {
  const why = reason === '' ? 'No reason was given.' : `Reason: ${sentence(reason)}`;
  return [`Stop by ${name}`, `Sent at ${clockTime(at)}. ${why}`];
}

/**
 * Return the next phase of a robot. A robot that was stopped and is not any more has been reset.
 * @param {RobotPhase | undefined} phase
 * @param {boolean} isStopped
 * @param {boolean} isOld whether it has stopped reporting
 * @returns {RobotPhase}
 */
function nextPhase(phase, isStopped, isOld) {
  const wasStopped = phase === 'stopped' || phase === 'reset' || phase === 'silent';
  if (isOld) {
    return wasStopped ? 'silent' : 'waiting';
  }
  if (isStopped) {
    return 'stopped';
  }
  return wasStopped ? 'reset' : 'waiting';
}

/** @param {string} label @param {string[]} ids */
function listed(label, ids) {
  return ids.length === 0 ? '' : `${label}: ${ids.join(', ')}.`;
}
