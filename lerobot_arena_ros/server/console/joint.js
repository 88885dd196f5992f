/** @file One joint on the page: what the room was told, what robots measure, and its slider. */

import { agoText, fromTemplate, part, setText } from './dom.js';
import { History } from './history.js';
import { numberText } from './numbers.js';
import { drawPlot } from './plot.js';
import { including, rangeOf, reachOf, unitText } from './ranges.js';
import { Readings } from './readings.js';
import { Slider } from './slider.js';

/**
 * One robot's report of one joint.
 * @typedef {object} Reading
 * @property {import('./robots.js').Robot} robot
 * @property {?import('./robots.js').RobotJoint} joint null: the robot has refused a value only
 * @property {?{value: number, reason: string}} refusal
 */

/** Its slider shows what the room was told, until the user moves it. */
export class Joint {
  /**
   * What the room was told, as far as is known.
   * @type {number | undefined}
   */
  told;
  /** Whether the user added it, so that it stays though neither room nor robot has it. */
  isAdded = false;
  #name;
  #history = new History();
  /** @type {Map<string, {history: History, at: ?number}>} measured, by the robot's id */
  #measured = new Map();
  /** @type {Reading[]} */
  #reports = [];
  #reach = reachOf([]);
  #seen = null;
  #isLive = false;
  /** When the link was lost, so that its values are no newer; null: it is not. */
  #lostAt = null;
  #isDriving = false;
  #isDirty = true;
  #isVisible = true;
  #choice = 'automatic';
  #range = rangeOf(this.#reach, 'automatic', '', null, null);

  /**
   * @param {string} name
   * @param {(name: string, value: number) => void} onMove the user moved it
   */
  constructor(name, onMove) {
    this.#name = name;
    this.element = fromTemplate('joint-template');
    this.number = part(this.element, 'number');
    this.age = part(this.element, 'age');
    this.unit = part(this.element, 'joint-unit');
    this.canvas = /** @type {HTMLCanvasElement} */ (part(this.element, 'joint-plot'));
    this.readings = new Readings(this.element, name);
    this.slider = new Slider(this.element, name, (value) => {
      this.#setRange(including(this.#range, value));
      onMove(name, value);
    });
    setText(part(this.element, 'joint-title'), name);
  }

  /** Whether robots report both ends of its slider. */
  get hasLimits() {
    return this.#range.isLimit === true;
  }

  /** Whether a robot has it. */
  get isMeasured() {
    return this.#reports.length > 0;
  }

  /**
   * The room has this value.
   * @param {number} value
   * @param {number} at of the clock of performance.now()
   * @param {{isLive: boolean, isOurs: boolean}} origin not live: remembered by the room; ours:
   *     this page has sent it, so the slider is there already, or further
   */
  hear(value, at, { isLive, isOurs }) {
    this.#isLive ||= isLive;
    this.#lostAt = null;
    this.#history.add(at, value);
    const { low, high } = this.#seen ?? { low: value, high: value };
    this.#seen = { low: Math.min(low, value), high: Math.max(high, value) };
    this.told = value;
    if (!isOurs && !this.slider.isHeld) {
      this.#aim();
    }
    this.#isDirty = true;
  }

  /** The link is lost: values are old until new ones arrive. */
  loseSight() {
    const now = performance.now();
    this.#history.add(now, null);
    this.#measured.forEach(({ history }) => history.add(now, null));
    this.#isLive = false;
    this.#lostAt ??= now;
    this.#isDirty = true;
  }

  /** The room does not know the joint any more. */
  forget() {
    this.told = undefined;
    this.#isLive = false;
    this.#lostAt = null;
    this.#seen = null;
    this.slider.aim(null);
    this.#aim();
    this.#isDirty = true;
  }

  /**
   * @param {Reading[]} reports of each robot that has the joint
   * @param {number} now
   */
  setReports(reports, now) {
    if (reports.length === 0 && this.#reports.length === 0) {
      return;
    }
    const wasEmpty = this.#reach.isEmpty;
    this.#reports = reports;
    this.#keepMeasured(now);
    this.#reach = reachOf(reports.map(({ joint }) => joint ?? {}));
    const { value, isHeld } = this.slider;
    if (value === null || (!isHeld && !isWithin(value, this.#reach))) {
      this.#aim();
    }
    this.#updateRange();
    if (this.#reach.isEmpty !== wasEmpty) {
      this.setDriving(this.#isDriving);
    }
  }

  /** @param {string} choice of the slider's range, see ranges.js */
  setChoice(choice) {
    this.#choice = choice;
    this.#setRange(rangeOf(this.#reach, choice, this.#name, this.#seen, this.slider.value));
  }

  /**
   * Let the user move it, or not. An automatic range stays where it is while they do.
   * @param {boolean} isDriving
   */
  setDriving(isDriving) {
    if (isDriving && !this.#isDriving) {
      this.#aim();
    }
    this.#isDriving = isDriving;
    this.slider.setDriving(isDriving && !this.#reach.isEmpty);
    this.#isDirty = true;
  }

  /**
   * Show it as it is now.
   * @param {number} now
   * @param {import('./plot.js').Inks} inks
   * @param {(id: string) => string} nameOf how to name a participant
   */
  draw(now, inks, nameOf) {
    if (!this.#isVisible) {
      return;
    }
    const { decimals } = this.#range;
    const lines = this.#reports.map(({ robot }) => ({
      history: this.#measured.get(robot.id)?.history,
      numbers: this.#numbers(robot),
    }));
    const extent = drawPlot(this.canvas, this.#history, lines, now, inks, decimals);
    if (this.#isDirty) {
      this.#isDirty = false;
      setText(this.number, this.told === undefined ? '–' : this.#shown(this.told));
      setText(this.unit, unitText(this.#reach.unit));
      this.element.classList.toggle('old', this.#lostAt !== null);
      this.canvas.setAttribute('aria-label', this.#plotText(extent));
      this.slider.draw();
      this.slider.mark(this.#marks());
      this.readings.show(this.#reports, decimals);
      this.readings.warn(this.#reach, this.#isDriving, nameOf);
    }
    setText(this.age, this.#ageText(now));
  }

  /** @param {boolean} isVisible whether it is in view */
  setVisible(isVisible) {
    this.#isVisible = isVisible;
  }

  #keepMeasured(now) {
    const ids = new Set(this.#reports.map(({ robot }) => robot.id));
    const gone = [...this.#measured.keys()].filter((id) => !ids.has(id));
    gone.forEach((id) => this.#measured.delete(id));
    for (const { robot, joint } of this.#reports) {
      const kept = this.#measured.get(robot.id) ?? { history: new History(), at: -Infinity };
      this.#measured.set(robot.id, kept);
      if (robot.isOld && kept.at !== null) {
        kept.history.add(now, null);
        kept.at = null;
      } else if (!robot.isOld && robot.heardAt !== kept.at) {
        kept.history.add(robot.heardAt, joint?.measured ?? null);
        kept.at = robot.heardAt;
      }
    }
  }

  /** Have the slider where motion begins: at what the room was told, if robots can be there. */
  #aim() {
    if (this.told !== undefined && isWithin(this.told, this.#reach)) {
      this.slider.aim(this.told);
    } else {
      // A step from a value out of reach would send the robots to the end of their range.
      const measured = this.#reports.map(({ joint }) => joint?.measured).filter(Number.isFinite);
      this.slider.aim(measured.length === 1 ? measured[0] : null);
    }
    this.#updateRange();
  }

  #updateRange() {
    const { value } = this.slider;
    const range = rangeOf(this.#reach, this.#choice, this.#name, this.#seen, value);
    const isFrozen = this.#isDriving && !range.isLimit && !this.#range.isLimit;
    this.#setRange(isFrozen ? including(this.#range, value) : range);
  }

  #setRange(range) {
    this.#range = range;
    const isStrict = this.hasLimits || this.#choice !== 'automatic';
    this.slider.setRange(range, unitText(this.#reach.unit), isStrict);
    this.#isDirty = true;
  }

  #marks() {
    return this.#reports
      .filter(({ joint }) => Number.isFinite(joint?.measured))
      .map(({ robot, joint }) => ({
        value: joint.measured,
        numbers: this.#numbers(robot),
        isOld: robot.isOld,
      }));
  }

  /** Where a joint has one robot only, its marks need no number. */
  #numbers(robot) {
    return this.#reports.length > 1 ? [robot.number] : [];
  }

  #shown(value) {
    return numberText(value, this.#range.decimals);
  }

  #ageText(now) {
    if (this.told === undefined) {
      return 'unknown';
    }
    if (this.#lostAt !== null) {
      return `${agoText(now - this.#lostAt)} old`;
    }
    return this.#isLive ? '' : 'remembered';
  }

  #plotText(extent) {
    const between = extent === null
      ? 'nothing is known'
      : `between ${this.#shown(extent.low)} and ${this.#shown(extent.high)}`;
    return `${this.#name} over the last 30 seconds: ${between}`;
  }
}

function isWithin(value, { low, high }) {
  return (low === null || value >= low) && (high === null || value <= high);
}
