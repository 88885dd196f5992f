/** @file How far a slider goes. The wire names no range: it is a guess from what was seen, or said. */

/**
 * What a slider spans.
 * @typedef {object} Range
 * @property {number} low
 * @property {number} high
 * @property {number} step of one press of a key
 * @property {number} decimals that are shown
 */

/** The gripper of a normalized arm has a scale of its own. */
const GRIPPER = /^(gripper|jaw)$/i;

const PERCENT = { low: 0, high: 100, step: 1, decimals: 1 };
const SAID = new Map([
  ['degrees', { low: -180, high: 180, step: 1, decimals: 1 }],
  ['radians', { low: -Math.PI, high: Math.PI, step: 0.01, decimals: 3 }],
  ['normalized', { low: -100, high: 100, step: 1, decimals: 1 }],
  ['percent', PERCENT],
]);

/**
 * Say how far a joint's slider goes. Its present value is always within.
 * @param {string} unit 'seen', or one that the user says the room has
 * @param {string} name of the joint
 * @param {?{low: number, high: number}} seen what it was told so far; null for nothing
 * @param {?number} value
 * @returns {Range}
 */
export function rangeOf(unit, name, seen, value) {
  let range = SAID.get(unit) ?? widened(seen);
  if (unit === 'normalized' && GRIPPER.test(name)) {
    range = PERCENT;
  }
  return value === null ? range : including(range, value);
}

/**
 * @param {Range} range
 * @param {number} value
 * @returns {Range}
 */
export function including(range, value) {
  return { ...range, low: Math.min(range.low, value), high: Math.max(range.high, value) };
}

/** Go on for half of what was seen, or of how far from zero that was, and for one at least. */
function widened(seen) {
  const { low, high } = seen ?? { low: 0, high: 0 };
  const farthest = Math.max(-low, high, 0);
  const margin = Math.max(1, (high - low) / 2, farthest / 2);
  const span = high - low + 2 * margin;
  const step = 10 ** Math.floor(Math.log10(span / 100));
  // What stays within ten is radians or metres, as likely as not.
  return { low: low - margin, high: high + margin, step, decimals: farthest < 10 ? 3 : 1 };
}
