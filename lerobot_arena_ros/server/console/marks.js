/** @file The labels of marks that are close to each other are written as one. */

/** More numbers than these are told as a count. */
const MOST_NUMBERS = 4;

/**
 * Marks that have one label together.
 * @typedef {object} Group
 * @property {number} from where the first mark is, in pixels
 * @property {number} to where the last mark is
 * @property {number[]} numbers of their robots, in the order of the marks; empty where there is one
 *     robot only
 * @property {boolean} isOld whether all of the robots are silent
 */

/**
 * Group marks that are closer to each other than a mark and its label are wide.
 * @param {{at: number, numbers: number[], isOld: boolean}[]} marks
 * @param {(label: string) => number} widthOf the pixels that a mark with this label needs
 * @returns {Group[]} in the order of their places
 */
export function groupMarks(marks, widthOf) {
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
  return numbers.length > MOST_NUMBERS ? `${numbers.length} robots` : numbers.join(' ');
}
