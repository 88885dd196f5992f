/** @file What became of a stop, in words: who sent it, and which robots have confirmed it. */

import { clockTime } from './dom.js';
import { sentence } from './robots.js';

/** A robot that has not confirmed after this time is named. */
const CONFIRM_MS = 1000;

/**
 * What is around a stop when it is put into words.
 * @typedef {object} Surroundings
 * @property {import('./robots.js').Robot[]} robots
 * @property {?number} viewers other than this page; null: not known
 * @property {boolean} isMissing whether the room does not exist
 * @property {string} room
 * @property {string} workspace
 */

/**
 * The message about a stop.
 * @typedef {object} StopWords
 * @property {'bad' | 'stopped'} kind bad: it is not known that all robots have stopped
 * @property {string} title
 * @property {string} text
 * @property {boolean} isOver whether the page may be unlocked
 */

/** Follows one stop until another one comes. */
export class StopNews {
  /** @type {?import('./stop.js').StopState} */
  #own = null;
  /** @type {?{name: string, reason: string, at: Date}} */
  #other = null;
  #beganAt = 0;
  /** @type {Map<string, 'waiting' | 'stopped' | 'reset' | 'silent' | 'left'>} */
  #robots = new Map();

  /**
   * A stop was pressed here, or more is known of it.
   * @param {import('./stop.js').StopState} state
   * @param {number} now
   */
  own(state, now) {
    if (this.#own?.pressedAt !== state.pressedAt) {
      this.#begin(now);
    }
    this.#own = state;
    this.#other = null;
  }

  /**
   * Another participant stopped the room.
   * @param {{name: string, reason: string, at: Date}} stop
   * @param {number} now
   */
  other(stop, now) {
    this.#begin(now);
    this.#own = null;
    this.#other = stop;
  }

  /** The user has seen it. */
  clear() {
    this.#own = null;
    this.#other = null;
    this.#robots.clear();
  }

  /**
   * @param {Surroundings} around
   * @param {number} now
   * @returns {?StopWords} null: there is no stop to report
   */
  words(around, now) {
    if (this.#own === null && this.#other === null) {
      return null;
    }
    this.#observe(around.robots);
    switch (this.#own?.phase) {
      case 'unsent':
        return this.#unsent(around);
      case 'sent':
        return this.#sent();
      default:
        return this.#confirmed(around, now);
    }
  }

  #begin(now) {
    this.#beganAt = now;
    this.#robots.clear();
  }

  #observe(robots) {
    const present = new Set(robots.map(({ id }) => id));
    for (const [id, state] of this.#robots) {
      if (!present.has(id)) {
        if (state === 'waiting' || state === 'left') {
          this.#robots.set(id, 'left');
        } else {
          this.#robots.delete(id);
        }
      }
    }
    for (const { id, gate, isOld } of robots) {
      this.#robots.set(id, stateOf(gate === 'stopped', isOld, this.#robots.get(id)));
    }
  }

  #ids(state) {
    return [...this.#robots].filter(([, each]) => each === state).map(([id]) => id);
  }

  #unsent({ isMissing, room, workspace }) {
    const cause = isMissing
      ? `there is no room ${room} in workspace ${workspace}`
      : 'the link is down';
    const until = isMissing ? 'the room exists and this page has joined it' : 'the link is back';
    return {
      kind: 'bad',
      title: `The stop is NOT sent: ${cause}`,
      text: `Pressed at ${clockTime(this.#own.pressedAt)}. It is sent as soon as ${until}. Until`
        + ' then use the stop of the robot itself.',
      isOver: false,
    };
  }

  #sent() {
    return {
      kind: 'bad',
      title: 'Stop sent, not confirmed yet',
      text: `Pressed at ${clockTime(this.#own.pressedAt)}. If the robot still moves, use its own`
        + ' stop.',
      isOver: false,
    };
  }

  #confirmed(around, now) {
    const [head, beginning] = this.#own === null ? this.#otherWords() : this.#ownWords(around);
    const total = this.#robots.size;
    if (total === 0) {
      const unknown = 'No robot here tells whether it has stopped.';
      return {
        kind: 'stopped',
        title: head,
        text: `${beginning} ${unknown} Check that the robot has stopped.`,
        isOver: true,
      };
    }
    const stopped = this.#ids('stopped').length;
    const isLate = now - this.#beganAt >= CONFIRM_MS;
    const open = isLate ? this.#openWords() : '';
    const reset = listed('Reset since', this.#ids('reset'));
    return {
      kind: open === '' ? 'stopped' : 'bad',
      title: `${head}: ${stopped} of ${total} ${total === 1 ? 'robot' : 'robots'} stopped`,
      text: [beginning, open, reset].filter((each) => each !== '').join(' '),
      isOver: true,
    };
  }

  #openWords() {
    const open = [
      listed('Not confirmed by', this.#ids('waiting')),
      listed('Left the room without confirming', this.#ids('left')),
      listed('Confirmed, but silent since', this.#ids('silent')),
    ].filter((each) => each !== '');
    return open.length === 0 ? '' : `${open.join(' ')} Check that the robot has stopped.`;
  }

  #ownWords({ robots, viewers }) {
    const { pressedAt, tripMs } = this.#own;
    const to = robots.length > 0 || viewers === null
      ? ''
      : ` to ${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`;
    const trip = `${Math.max(1, Math.round(tripMs))} ms`;
    return [
      'Stop from this page',
      `Pressed at ${clockTime(pressedAt)}. The arena passed the stop on${to} after ${trip}.`,
    ];
  }

  #otherWords() {
    const { name, reason, at } = this.#other;
    const why = reason === '' ? 'No reason was given.' : `Reason: ${sentence(reason)}`;
    return [`Stop by ${name}`, `Sent at ${clockTime(at)}. ${why}`];
  }
}

/** A robot that was seen stopped and is not any more was reset. */
function stateOf(isStopped, isOld, before) {
  const wasStopped = ['stopped', 'reset', 'silent'].includes(before);
  if (isOld) {
    return wasStopped ? 'silent' : 'waiting';
  }
  if (isStopped) {
    return 'stopped';
  }
  return wasStopped ? 'reset' : 'waiting';
}

function listed(what, ids) {
  return ids.length === 0 ? '' : `${what}: ${ids.join(', ')}.`;
}
