/** @file The range of a slider: the limits that robots report, else a choice, else a guess. */

/**
 * The range of a slider.
 * @typedef {object} Range
 * @property {number} low
 * @property {number} high
 * @property {number} step of one press of a key
 * @property {number} decimals that are shown
 * @property {boolean} [isLimit] whether robots report both ends: nothing beyond them is sent
 */

/**
 * What the robots of a room report of one joint.
 * @typedef {object} Reach
 * @property {?number} low the largest of their lower limits; null: none is known
 * @property {?number} high the smallest of their upper limits
 * @property {?string} unit null: not reported, or robots differ
 * @property {boolean} isMixed whether their units differ
 * @property {boolean} isEmpty whether no value is within the limits of all
 */

/** The gripper of a normalized arm has a scale of its own. */
const GRIPPER = /^(gripper|jaw)$/i;

const PERCENT = { low: 0, high: 100, step: 1, decimals: 1 };
const CHOICES = new Map([
  ['degrees', { low: -180, high: 180, step: 1, decimals: 1 }],
  ['radians', { low: -Math.PI, high: Math.PI, step: 0.01, decimals: 3 }],
  ['normalized', { low: -100, high: 100, step: 1, decimals: 1 }],
  ['percent', PERCENT],
]);

/** How a unit of a robot is written, counted and shown. */
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
 * Combine what robots report of one joint: a value must be within the limits of each.
 * @param {import('./robots.js').RobotJoint[]} joints one of each robot
 * @returns {Reach}
 */
export function reachOf(joints) {
  const units = new Set(joints.map(({ unit }) => unit).filter((unit) => unit));
  const ends = (key) => joints.map((joint) => joint[key]).filter(Number.isFinite);
  const [lows, highs] = [ends('min'), ends('max')];
  const low = lows.length === 0 ? null : Math.max(...lows);
  const high = highs.length === 0 ? null : Math.min(...highs);
  return {
    low,
    high,
    unit: units.size === 1 ? [...units][0] : null,
    isMixed: units.size > 1,
    isEmpty: low !== null && high !== null && low >= high,
  };
}

/**
 * Return the range of a joint's slider.
 * @param {Reach} reach
 * @param {string} choice 'automatic', or the unit that the user says the room has
 * @param {string} name of the joint
 * @param {?{low: number, high: number}} seen what it was told so far; null for nothing
 * @param {?number} value always within, unless robots report both limits
 * @returns {Range}
 */
export function rangeOf(reach, choice, name, seen, value) {
  const { low, high, isEmpty } = reach;
  const style = UNITS.get(reach.unit);
  if (low !== null && high !== null && !isEmpty) {
    return { low, high, ...(style ?? guessed(low, high)), isLimit: true };
  }
  let range = CHOICES.get(choice) ?? widened(seen);
  if (choice === 'normalized' && GRIPPER.test(name)) {
    range = PERCENT;
  }
  return including({ ...range, ...style }, value);
}

/**
 * @param {Range} range
 * @param {?number} value null changes nothing
 * @returns {Range}
 */
export function including(range, value) {
  if (value === null || range.isLimit) {
    return range;
  }
  return { ...range, low: Math.min(range.low, value), high: Math.max(range.high, value) };
}

/** Extend what was seen by half of it, or of its distance from zero, and by one at least. */
function widened(seen) {
  const { low, high } = seen ?? { low: 0, high: 0 };
  const margin = Math.max(1, (high - low) / 2, Math.max(-low, high, 0) / 2);
  return { low: low - margin, high: high + margin, ...guessed(low - margin, high + margin, seen) };
}

function guessed(low, high, seen = { low, high }) {
  const farthest = seen === null ? 0 : Math.max(-seen.low, seen.high);
  return {
    step: 10 ** Math.floor(Math.log10((high - low) / 100)),
    // Values below ten are probably radians or metres.
    decimals: farthest < 10 ? 3 : 1,
  };
}
