/** @file The robots of the open room, as they report themselves. Knows nothing of the page. */

/** A robot reports five times a second; after this silence its last report counts as old. */
export const OLD_MS = 2000;

/** How long after a join the states of all robots that are still in the room have arrived. */
const SWEEP_MS = 1000;

/**
 * One joint of a robot: `unit`, and where they are known `measured`, `commanded`, `min`, `max`.
 * @typedef {{name: string, unit: string, measured?: number, commanded?: number, min?: number,
 *     max?: number}} RobotJoint
 */

/**
 * One robot, by its last report.
 * @typedef {object} Robot
 * @property {string} id of the participant
 * @property {number} number from 1, to tell the robots of a room apart where space is short
 * @property {string} node
 * @property {string} host
 * @property {'waiting' | 'active' | 'holding' | 'stopped'} gate
 * @property {string} cause why the gate is in that state
 * @property {?{source: string, reason: string, id: string}} stop
 * @property {boolean} canReset whether it takes a request to reset its stop
 * @property {string} whyNoReset why this page may not ask for that, a part of a sentence; empty: it
 *     may
 * @property {string} resetRefusal why it refused the last request; empty where it did not
 * @property {Map<string, RobotJoint>} joints by name
 * @property {Map<string, {value: number, reason: string}>} refused by the joint's name
 * @property {number} heardAt of the clock of performance.now()
 * @property {boolean} isOld
 */

/** The robots of one room. */
export class Robots {
  /** Why this page may not ask for a reset, a part of a sentence; empty: it may. */
  whyNoReset = '';
  /** @type {Map<string, Robot>} */
  #robots = new Map();
  /** Those that were there before the last join and have not reported since. */
  #unseen = new Set();
  #sweepAt = Infinity;
  #lostAt = -Infinity;

  /** In the order of their numbers. */
  get all() {
    return [...this.#robots.values()].sort((a, b) => a.number - b.number);
  }

  /** Those whose last report says that they are stopped, old ones too. */
  get stopped() {
    return this.all.filter((robot) => robot.gate === 'stopped');
  }

  /**
   * @param {string} id
   * @param {?object} data of its report; null: it has left the room
   * @param {number} now
   */
  hear(id, data, now) {
    this.#unseen.delete(id);
    if (data === null) {
      this.#robots.delete(id);
      return;
    }
    const number = this.#robots.get(id)?.number ?? this.#freeNumber();
    const { whyNoReset } = this;
    this.#robots.set(id, { id, number, ...read(data), whyNoReset, heardAt: now, isOld: false });
  }

  /**
   * The room was joined anew: the server sends the states of the robots that are there.
   * @param {number} now
   */
  onJoined(now) {
    this.#unseen = new Set(this.#robots.keys());
    this.#sweepAt = now + SWEEP_MS;
  }

  /**
   * The link is lost: what was reported before it is old, however short ago.
   * @param {number} now
   */
  onLost(now) {
    this.#lostAt = now;
  }

  /**
   * Look at the clock: robots fall silent, and those that left during a lost link are removed.
   * @param {number} now
   */
  tick(now) {
    if (now >= this.#sweepAt) {
      this.#unseen.forEach((id) => this.#robots.delete(id));
      this.#unseen.clear();
      this.#sweepAt = Infinity;
    }
    for (const robot of this.#robots.values()) {
      robot.isOld = now - robot.heardAt > OLD_MS || robot.heardAt <= this.#lostAt;
    }
  }

  /** Another room was opened. */
  clear() {
    this.#robots.clear();
    this.#unseen.clear();
    this.#sweepAt = Infinity;
  }

  #freeNumber() {
    const taken = new Set([...this.#robots.values()].map((robot) => robot.number));
    let number = 1;
    while (taken.has(number)) {
      number += 1;
    }
    return number;
  }
}

/**
 * Return in plain words whether a robot moves, and why not.
 * @param {Robot} robot
 * @param {(id: string) => string} nameOf how to name a participant
 */
export function gateText(robot, nameOf) {
  switch (robot.gate) {
    case 'active':
      return robot.cause === 'live' ? 'Follows the room' : `Does not move: ${robot.cause}`;
    case 'stopped':
      return stopText(robot, nameOf);
    case 'holding':
      return `Holds: ${robot.cause}`;
    default:
      return `Does not move: ${robot.cause}`;
  }
}

/**
 * Return who stopped a robot, why, and what to do about it.
 * @param {Robot} robot
 * @param {(id: string) => string} nameOf
 */
export function stopText(robot, nameOf) {
  const { stop, cause } = robot;
  const what = stop === null
    ? `STOPPED: ${sentence(cause)}`
    : `STOPPED by ${nameOf(stop.source)}: ${sentence(stop.reason || 'no reason was given')}`;
  return `${what} ${remedy(robot)}`;
}

/**
 * Return in short which robot is stopped, by whom, and what to do about it.
 * @param {Robot} robot
 * @param {(id: string) => string} nameOf
 */
export function haltText(robot, nameOf) {
  const { id, stop } = robot;
  const by = stop === null ? '' : ` by ${nameOf(stop.source)}`;
  return `${id} is STOPPED${by}. ${remedy(robot)}`;
}

function remedy({ canReset, whyNoReset }) {
  return canReset && whyNoReset === '' ? 'Reset it at the robot, or on this page.' : 'Reset it at the robot.';
}

/**
 * End a text with a full stop, if it does not end like a sentence.
 * @param {string} text
 */
export function sentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function read(data) {
  const { stop } = data;
  return {
    node: String(data.node ?? ''),
    host: String(data.host ?? ''),
    gate: data.gate,
    cause: String(data.cause ?? ''),
    stop: stop ? readStop(stop) : null,
    canReset: data.can_reset === true,
    resetRefusal: String(data.reset_refusal ?? ''),
    joints: byName(data.joints),
    refused: byName(data.refused),
  };
}

function readStop({ source, reason, id }) {
  return { source: String(source ?? ''), reason: String(reason ?? ''), id: String(id ?? '') };
}

function byName(items) {
  const named = Array.isArray(items) ? items : [];
  return new Map(named.map((item) => [String(item.name), item]));
}
