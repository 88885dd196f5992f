// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The marks on the track of a slider, with their labels. */

import { setText } from './dom.js';
import { groupMarks, labelOf } from './marks.js';

/** The widths of a mark's triangle, and of one character of its label. */
const MARK_PX = 16;
const CHARACTER_PX = 7;

/** Shows marks in one element, which covers the track. */
export class Markers {
  #element;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /**
   * @param {import('./marks.js').Mark[]} marks
   * @param {number} width of the track, in pixels
   */
  show(marks, width) {
    const groups = groupMarks(marks, (label) => MARK_PX + label.length * CHARACTER_PX);
    const spots = this.#spots(marks.length + groups.length);
    marks.forEach(({ at, isOld }, index) => {
      place(spots[index], 'marker', at / width, isOld);
      setText(spots[index], '');
    });
    groups.forEach((group, index) => {
      const label = labelOf(group);
      const isLeft = group.to > width - label.length * CHARACTER_PX;
      const spot = spots[marks.length + index];
      const kind = isLeft ? 'marker-label left' : 'marker-label';
      place(spot, kind, (isLeft ? group.from : group.to) / width, group.isOld);
      setText(spot, label);
    });
  }

  /**
   * Return as many elements for marks and labels as are needed.
   * @param {number} count
   */
  #spots(count) {
    const spots = /** @type {HTMLElement[]} */ ([...this.#element.children]);
    while (spots.length < count) {
      spots.push(this.#element.appendChild(document.createElement('span')));
    }
    spots.slice(count).forEach((spot) => spot.remove());
    return spots;
  }
}

/**
 * Place a mark or a label on the track. Each element can be used as either.
 * @param {HTMLElement} spot
 * @param {string} kind
 * @param {number} share of the track, from 0 to 1
 * @param {boolean} isOld
 */
function place(spot, kind, share, isOld) {
  spot.className = isOld ? `${kind} old` : kind;
  spot.style.setProperty('--at', String(share));
}
