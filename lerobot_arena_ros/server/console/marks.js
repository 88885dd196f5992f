// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Groups marks that are close to each other, so that they share one label. */

/** A label with more numbers than this shows their count instead. */
const MAX_NUMBERS = 4;

/**
 * The mark of one robot.
 * @typedef {object} Mark
 * @property {number} at in pixels
 * @property {number[]} numbers to show in the label; empty if there is only one robot
 * @property {boolean} isOld whether the robot has stopped reporting
 */

/**
 * Marks that share one label.
 * @typedef {object} Group
 * @property {number} from position of the first mark, in pixels
 * @property {number} to position of the last mark, in pixels
 * @property {number[]} numbers of the robots, in the order of the marks; empty if there is only
 *     one robot
 * @property {boolean} isOld whether all of the robots have stopped reporting
 */

/**
 * Group marks whose distance is less than the width of a mark with its label.
 * @param {Mark[]} marks
 * @param {(label: string) => number} widthOf returns the width of a mark with a label, in pixels
 * @returns {Group[]} in the order of their positions
 */
export function groupMarks(marks, widthOf) {
  /** @type {Group[]} */
  const groups = [];
  for (const { at, numbers, isOld } of [...marks].sort((a, b) => a.at - b.at)) {
    const last = groups.at(-1);
    if (last !== undefined && at - last.to < widthOf(labelOf(last))) {
      last.to = at;
      last.numbers.push(...numbers);
      last.isOld &&= isOld;
    } else {
      groups.push({ from: at, to: at, numbers: [...numbers], isOld });
    }
  }
  return groups;
}

/** @param {Group} group */
export function labelOf({ numbers }) {
  return numbers.length > MAX_NUMBERS ? `${numbers.length} robots` : numbers.join(' ');
}
