// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The states that the robots in the open room report. Uses no elements of the page. */

import { sentence } from './dom.js';

/** A robot reports five times a second. A report that is older than this counts as old. */
const OLD_MS = 2000;

/** After this time since a join, all robots that are still in the room have reported. */
const SWEEP_MS = 1000;

/** The names of the ways that joint updates can take; a later robot may know another one. */
const WAYS = new Map([
  ['lane', 'fast lane'],
  ['both', 'fast lane and WebSocket'],
  ['websocket', 'WebSocket'],
]);

/**
 * One joint of a robot: its `unit` and, if known, `measured`, `commanded`, `min` and `max`.
 * @typedef {{name: string, unit: string, measured?: number, commanded?: number, min?: number,
 *     max?: number}} RobotJoint
 */

/**
 * A value of one joint that a robot has refused.
 * @typedef {{name: string, value: number, reason: string}} RefusedValue
 */

/**
 * The link of a robot to the server, as the robot measures it: the way of the joint updates, the
 * round trip and, with a fast lane, the fraction of its pings without an answer. null: unknown.
 * @typedef {{way: string, roundTripMs: ?number, loss: ?number}} RobotLink
 */

/**
 * One robot, as of its last report.
 * @typedef {object} Robot
 * @property {string} id of the participant
 * @property {number} number from 1; identifies the robot in a room where space is short
 * @property {string} node
 * @property {string} host
 * @property {'waiting' | 'active' | 'holding' | 'stopped'} gate
 * @property {string} cause the reason for the state of the gate
 * @property {?{source: string, reason: string, id: string}} stop
 * @property {boolean} canReset whether it accepts requests to reset its stop
 * @property {string} noResetReason why this page may not send these requests, as a part of a
 *     sentence; empty if it may
 * @property {string} resetRefusal why it refused the last request; empty if it did not
 * @property {?RobotLink} link null: the robot does not report it
 * @property {Map<string, RobotJoint>} joints by name
 * @property {Map<string, RefusedValue>} refused by the joint's name
 * @property {number} reportedAt in the time of performance.now()
 * @property {boolean} isOld
 */

/** The robots of one room. */
export class Robots {
  /** Why this page may not request a reset, as a part of a sentence; empty if it may. */
  noResetReason = '';
  /** @type {Map<string, Robot>} */
  #robots = new Map();
  /**
   * The ids of the robots that were known before the last join and have not reported since.
   * @type {Set<string>}
   */
  #unconfirmed = new Set();
  #sweepAt = Infinity;
  #lostAt = -Infinity;

  /** All robots in the order of their numbers. */
  get all() {
    return [...this.#robots.values()].sort((a, b) => a.number - b.number);
  }

  /** The robots that are stopped as of their last report, even if it is old. */
  get stopped() {
    return this.all.filter((robot) => robot.gate === 'stopped');
  }

  /**
   * Store the report of a robot.
   * @param {string} id
   * @param {?import('./link.js').Message} data null: the robot has left the room
   * @param {number} now
   */
  handleReport(id, data, now) {
    this.#unconfirmed.delete(id);
    if (data === null) {
      this.#robots.delete(id);
      return;
    }
    const number = this.#robots.get(id)?.number ?? this.#freeNumber();
    const { noResetReason } = this;
    const report = { ...read(data), noResetReason, reportedAt: now, isOld: false };
    this.#robots.set(id, { id, number, ...report });
  }

  /**
   * Expect a report of each robot that is still in the room, because the page has joined again.
   * @param {number} now
   */
  onJoined(now) {
    this.#unconfirmed = new Set(this.#robots.keys());
    this.#sweepAt = now + SWEEP_MS;
  }

  /**
   * Mark all reports as old, because the link is lost.
   * @param {number} now
   */
  onLost(now) {
    this.#lostAt = now;
  }

  /**
   * Mark reports as old after a time, and remove the robots that left while the link was lost.
   * @param {number} now
   */
  tick(now) {
    if (now >= this.#sweepAt) {
      this.#unconfirmed.forEach((id) => this.#robots.delete(id));
      this.#unconfirmed.clear();
      this.#sweepAt = Infinity;
    }
    for (const robot of this.#robots.values()) {
      robot.isOld = now - robot.reportedAt > OLD_MS || robot.reportedAt <= this.#lostAt;
    }
  }

  /** Remove all robots, because another room was opened. */
  clear() {
    this.#robots.clear();
    this.#unconfirmed.clear();
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
 * Return whether a robot moves, and if it does not, why.
 * @param {Robot} robot
 * @param {(id: string) => string} nameOf returns the displayed name of a participant
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
 * Return which way the joint updates of a robot take and how well; empty if it is not reported.
 * @param {Robot} robot
 */
export function linkText({ link }) {
  if (link === null) {
    return '';
  }
  const { way, roundTripMs, loss } = link;
  const trip = roundTripMs === null ? '' : `, ${roundText(roundTripMs)} ms`;
  const lost = loss === null ? '' : `, ${roundText(loss * 100)} % lost`;
  return `Link: ${WAYS.get(way) ?? way}${trip}${lost}`;
}

/**
 * Return a number with one decimal below 10, and with none above.
 * @param {number} value
 */
function roundText(value) {
  return String(Number(value.toFixed(value < 10 ? 1 : 0)));
}

/**
 * Return the source and the reason of a robot's stop, and how to reset it.
 * @param {Robot} robot
 * @param {(id: string) => string} nameOf
 */
function stopText(robot, nameOf) {
  const { stop, cause } = robot;
  const what = stop === null
    ? `STOPPED: ${sentence(cause)}`
    : `STOPPED by ${nameOf(stop.source)}: ${sentence(stop.reason || 'no reason was given')}`;
  return `${what} ${resetHint(robot)}`;
}

/**
 * Return in short which robot is stopped, by which participant, and how to reset it.
 * @param {Robot} robot
 * @param {(id: string) => string} nameOf
 */
export function stoppedSummary(robot, nameOf) {
  const { id, stop } = robot;
  const by = stop === null ? '' : ` by ${nameOf(stop.source)}`;
  return `${id} is STOPPED${by}. ${resetHint(robot)}`;
}

/** @param {Robot} robot */
function resetHint({ canReset, noResetReason }) {
  return canReset && noResetReason === ''
    ? 'Reset it at the robot, or on this page.'
    : 'Reset it at the robot.';
}

/** @param {import('./link.js').Message} data */
function read(data) {
  const { stop, link } = data;
  return {
    node: String(data.node ?? ''),
    host: String(data.host ?? ''),
    gate: data.gate,
    cause: String(data.cause ?? ''),
    stop: stop ? readStop(stop) : null,
    canReset: data.can_reset === true,
    resetRefusal: String(data.reset_refusal ?? ''),
    link: link ? readLink(link) : null,
    joints: byName(data.joints),
    refused: byName(data.refused),
  };
}

/** @param {import('./link.js').Message} stop */
function readStop({ source, reason, id }) {
  return { source: String(source ?? ''), reason: String(reason ?? ''), id: String(id ?? '') };
}

/**
 * @param {import('./link.js').Message} link
 * @returns {RobotLink}
 */
function readLink({ way, round_trip_ms: roundTripMs, loss }) {
  return { way: String(way ?? ''), roundTripMs: roundTripMs ?? null, loss: loss ?? null };
}

/** @param {unknown} items */
function byName(items) {
  const named = Array.isArray(items) ? items : [];
  return new Map(named.map((item) => [String(item.name), item]));
}
