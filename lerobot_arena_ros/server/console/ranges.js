// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The range of a slider: the limits of the robots, else the user's choice, else a guess. */

/**
 * A lower and an upper end.
 * @typedef {{low: number, high: number}} Extent
 */

/**
 * The range of a slider.
 * @typedef {object} Range
 * @property {number} low
 * @property {number} high
 * @property {number} step of one key press
 * @property {number} decimals to show
 * @property {boolean} [isLimit] whether robots report both ends: nothing beyond them is sent
 */

/**
 * What the robots of a room report of one joint, combined.
 * @typedef {object} Limits
 * @property {?number} low the largest of their lower limits; null: no robot reports one
 * @property {?number} high the smallest of their upper limits; null: no robot reports one
 * @property {?string} unit null: not reported, or the robots differ
 * @property {boolean} isMixed whether their units differ
 * @property {boolean} isEmpty whether no value is within the limits of all robots
 */

/** The gripper of a normalized arm has a range of its own. */
const GRIPPER = /^(gripper|jaw)$/i;

/** @type {Range} */
const PERCENT = { low: 0, high: 100, step: 1, decimals: 1 };
/** @type {Map<string, Range>} */
const CHOICES = new Map([
  ['degrees', { low: -180, high: 180, step: 1, decimals: 1 }],
  ['radians', { low: -Math.PI, high: Math.PI, step: 0.01, decimals: 3 }],
  ['normalized', { low: -100, high: 100, step: 1, decimals: 1 }],
  ['percent', PERCENT],
]);

/** The displayed name, the step and the decimals of each unit of a robot. */
const UNITS = new Map([
  ['degrees', { text: 'degrees', step: 1, decimals: 1 }],
  ['radians', { text: 'rad', step: 0.01, decimals: 3 }],
  ['metres', { text: 'm', step: 0.001, decimals: 4 }],
  ['normalized', { text: 'normalized', step: 1, decimals: 1 }],
  ['percent', { text: '%', step: 1, decimals: 1 }],
]);

/** @param {?string} unit */
export function unitText(unit) {
  return unit === null ? '' : UNITS.get(unit)?.text ?? unit;
}

/**
 * Combine the reports of one joint: a value must be within the limits of each robot.
 * @param {Partial<import('./robots.js').RobotJoint>[]} joints one for each robot
 * @returns {Limits}
 */
export function combinedLimits(joints) {
  const units = new Set(joints.map(({ unit }) => unit).filter((unit) => unit));
  const lows = joints.map(({ min }) => min).filter(isNumber);
  const highs = joints.map(({ max }) => max).filter(isNumber);
  const low = lows.length === 0 ? null : Math.max(...lows);
  const high = highs.length === 0 ? null : Math.min(...highs);
  return {
    low,
    high,
    unit: units.size === 1 ? [...units][0] ?? null : null,
    isMixed: units.size > 1,
    isEmpty: low !== null && high !== null && low >= high,
  };
}

/**
 * Return whether a value is a finite number.
 * @param {unknown} value
 * @returns {value is number}
 */
export function isNumber(value) {
  return Number.isFinite(value);
}

/**
 * Return the range of a joint's slider.
 * @param {Limits} limits
 * @param {string} choice 'automatic', or the unit of the room, as the user selected it
 * @param {string} name of the joint
 * @param {?Extent} seen the range of the values so far; null: there are none
 * @param {?number} value always within the range, unless robots report both limits
 * @returns {Range}
 */
export function rangeOf(limits, choice, name, seen, value) {
  const { low, high, isEmpty } = limits;
  const style = limits.unit === null ? undefined : UNITS.get(limits.unit);
  if (low !== null && high !== null && !isEmpty) {
    return { low, high, ...(style ?? guessedStyle({ low, high })), isLimit: true };
  }
  let range = CHOICES.get(choice) ?? widened(seen);
  if (choice === 'normalized' && GRIPPER.test(name)) {
    range = PERCENT;
  }
  return extended({ ...range, ...style }, value);
}

/**
 * Return a range that contains a value as well.
 * @param {Range} range
 * @param {?number} value null changes nothing
 * @returns {Range}
 */
export function extended(range, value) {
  if (value === null || range.isLimit) {
    return range;
  }
  return { ...range, low: Math.min(range.low, value), high: Math.max(range.high, value) };
}

/**
 * Widen the range of the values so far by half of it, or by half of its largest distance from
 * zero, but by at least one.
 * @param {?Extent} seen
 * @returns {Range}
 */
function widened(seen) {
  const { low, high } = seen ?? { low: 0, high: 0 };
  const margin = Math.max(1, (high - low) / 2, Math.max(-low, high, 0) / 2);
  const range = { low: low - margin, high: high + margin };
  return { ...range, ...guessedStyle(range, seen) };
}

/**
 * @param {Extent} range
 * @param {?Extent} [seen]
 */
function guessedStyle(range, seen = range) {
  const farthest = seen === null ? 0 : Math.max(-seen.low, seen.high);
  return {
    step: 10 ** Math.floor(Math.log10((range.high - range.low) / 100)),
    // Values below ten are probably radians or metres.
    decimals: farthest < 10 ? 3 : 1,
  };
}
