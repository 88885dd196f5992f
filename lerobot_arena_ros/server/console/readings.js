// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Shows what each robot reports of one joint: measured, commanded, and a refused value. */

import { fromTemplate, part, sentence, setText } from './dom.js';
import { numberText } from './numbers.js';
import { isNumber } from './ranges.js';
import { stoppedSummary } from './robots.js';

/**
 * One robot's report of one joint.
 * @typedef {object} Reading
 * @property {import('./robots.js').Robot} robot
 * @property {?import('./robots.js').RobotJoint} joint null: the robot has only refused a value
 * @property {?import('./robots.js').RefusedValue} refusal
 */

/** The rows of one joint, one for each robot that has it. */
export class Readings {
  #name;
  #list;
  #refusal;
  #warning;
  /** @type {Reading[]} */
  #reports = [];
  /** @type {Map<string, HTMLElement>} by the robot's id */
  #rows = new Map();

  /**
   * @param {HTMLElement} element of the joint
   * @param {string} name of the joint
   */
  constructor(element, name) {
    this.#name = name;
    this.#list = part(element, 'readings');
    this.#refusal = part(element, 'joint-refusal');
    this.#warning = part(element, 'joint-warning');
  }

  /**
   * @param {Reading[]} reports
   * @param {number} decimals
   */
  show(reports, decimals) {
    this.#reports = reports;
    const ids = new Set(reports.map(({ robot }) => robot.id));
    for (const [id, row] of this.#rows) {
      if (!ids.has(id)) {
        row.remove();
        this.#rows.delete(id);
      }
    }
    const isAlone = reports.length === 1;
    reports.forEach((report) => this.#showRow(report, decimals, isAlone));
    const refusals = reports.map((each) => this.#refusalText(each, isAlone));
    setText(this.#refusal, refusals.join(' ').trim());
  }

  /**
   * Show why robots do not follow the slider.
   * @param {import('./ranges.js').Limits} limits
   * @param {boolean} isDriving whether the user may move the joint
   * @param {(id: string) => string} nameOf returns the displayed name of a participant
   */
  warn({ isMixed, isEmpty }, isDriving, nameOf) {
    const texts = isDriving
      ? this.#reports.filter(({ robot }) => robot.gate === 'stopped')
        .map(({ robot }) => stoppedSummary(robot, nameOf))
      : [];
    if (isEmpty) {
      texts.push('The limits of the robots do not overlap: no value is within all of them.');
    }
    if (isMixed) {
      const units = this.#reports.map(({ robot, joint }) => `${robot.id}: ${joint?.unit ?? '–'}`);
      texts.push(`The robots use different units for this joint (${units.join(', ')}).`);
    }
    setText(this.#warning, texts.join(' '));
  }

  /** @param {Reading} report @param {number} decimals @param {boolean} isAlone */
  #showRow({ robot, joint }, decimals, isAlone) {
    let row = this.#rows.get(robot.id);
    if (row === undefined) {
      row = fromTemplate('reading-template');
      this.#rows.set(robot.id, row);
      this.#list.append(row);
    }
    /** @param {number | undefined} value */
    const shown = (value) => (isNumber(value) ? numberText(value, decimals) : '–');
    row.classList.toggle('old', robot.isOld);
    part(row, 'reading-robot').hidden = isAlone;
    setText(part(row, 'badge'), String(robot.number));
    setText(part(row, 'reading-name'), robot.id);
    setText(part(row, 'measured'), shown(joint?.measured));
    setText(part(row, 'commanded'), shown(joint?.commanded));
  }

  /** @param {Reading} report @param {boolean} isAlone */
  #refusalText({ robot, refusal }, isAlone) {
    if (refusal === null) {
      return '';
    }
    const by = isAlone ? '' : ` by ${robot.id}`;
    return `${this.#name}: ${refusal.value} was refused${by}: ${sentence(refusal.reason)}`;
  }
}
