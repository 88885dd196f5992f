/** @file What each robot reports of one joint: measured, commanded, and a value that it refused. */

import { fromTemplate, part, setText } from './dom.js';
import { numberText } from './numbers.js';
import { haltText, sentence } from './robots.js';

/** The rows of one joint, one for each robot that has it. */
export class Readings {
  #name;
  #list;
  #refusal;
  #warning;
  /** @type {import('./joint.js').Reading[]} */
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
   * @param {import('./joint.js').Reading[]} reports
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
    setText(this.#refusal, reports.map((each) => this.#refusalText(each, isAlone)).join(' ').trim());
  }

  /**
   * Show what keeps the robots from following the slider.
   * @param {import('./ranges.js').Reach} reach
   * @param {boolean} isDriving whether the user may move it
   * @param {(id: string) => string} nameOf how to name a participant
   */
  warn({ isMixed, isEmpty }, isDriving, nameOf) {
    const texts = isDriving
      ? this.#reports.filter(({ robot }) => robot.gate === 'stopped')
        .map(({ robot }) => haltText(robot, nameOf))
      : [];
    if (isEmpty) {
      texts.push('The limits of the robots do not overlap: no value is within all of them.');
    }
    if (isMixed) {
      const units = this.#reports.map(({ robot, joint }) => `${robot.id}: ${joint?.unit ?? '–'}`);
      texts.push(`The robots read this joint in different units (${units.join(', ')}).`);
    }
    setText(this.#warning, texts.join(' '));
  }

  #showRow({ robot, joint }, decimals, isAlone) {
    let row = this.#rows.get(robot.id);
    if (row === undefined) {
      row = fromTemplate('reading-template');
      this.#rows.set(robot.id, row);
      this.#list.append(row);
    }
    const shown = (value) => (Number.isFinite(value) ? numberText(value, decimals) : '–');
    row.classList.toggle('old', robot.isOld);
    part(row, 'reading-robot').hidden = isAlone;
    setText(part(row, 'badge'), String(robot.number));
    setText(part(row, 'reading-name'), robot.id);
    setText(part(row, 'measured'), shown(joint?.measured));
    setText(part(row, 'commanded'), shown(joint?.commanded));
  }

  #refusalText({ robot, refusal }, isAlone) {
    if (refusal === null) {
      return '';
    }
    const by = isAlone ? '' : ` by ${robot.id}`;
    return `${this.#name}: ${refusal.value} refused${by}: ${sentence(refusal.reason)}`;
  }
}
