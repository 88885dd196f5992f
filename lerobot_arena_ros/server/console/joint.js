// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file One joint on the page: its value in the room, the reports of robots, and its slider. */

import { durationText, fromTemplate, part, setText } from './dom.js';
import { History } from './history.js';
import { numberText } from './numbers.js';
import { drawPlot } from './plot.js';
import { combinedLimits, extended, isNumber, rangeOf, unitText } from './ranges.js';
import { Readings } from './readings.js';
import { Slider } from './slider.js';

/** @typedef {import('./readings.js').Reading} Reading */

/** The slider of a joint shows the value in the room, until the user moves it. */
export class Joint {
  /**
   * The last value that the room received, if it is known.
   * @type {number | undefined}
   */
  roomValue;
  /** Whether the user added the joint: then it stays, although neither room nor robot has it. */
  isAdded = false;
  #name;
  #history = new History();
  /** @type {Map<string, {history: History, at: ?number}>} by the robot's id */
  #measured = new Map();
  /** @type {Reading[]} */
  #reports = [];
  #limits = combinedLimits([]);
  /** @type {?import('./ranges.js').Extent} the range of the values so far */
  #seen = null;
  #isLive = false;
  /**
   * When the link was lost; null: its values are current.
   * @type {?number}
   */
  #lostAt = null;
  #isDriving = false;
  #isDirty = true;
  #isVisible = true;
  #choice = 'automatic';
  #range = rangeOf(this.#limits, 'automatic', '', null, null);

  /**
   * @param {string} name
   * @param {(name: string, value: number) => void} onMove called when the user moves the joint
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
      this.#setRange(extended(this.#range, value));
      onMove(name, value);
    });
    setText(part(this.element, 'joint-title'), name);
  }

  /** Whether robots report both limits of the joint. */
  get hasLimits() {
    return this.#range.isLimit === true;
  }

  /** Whether a robot reports the joint. */
  get isReported() {
    return this.#reports.length > 0;
  }

  /**
   * Store a value that the room received. A value from this page does not move the slider, because
   * the slider is already there, or further.
   * @param {number} value
   * @param {number} at in the time of performance.now()
   * @param {import('./session.js').Origin} origin
   */
  update(value, at, { isLive, isOurs }) {
    this.#isLive ||= isLive;
    this.#lostAt = null;
    this.#history.add(at, value);
    const { low, high } = this.#seen ?? { low: value, high: value };
    this.#seen = { low: Math.min(low, value), high: Math.max(high, value) };
    this.roomValue = value;
    if (!isOurs && !this.slider.isHeld) {
      this.#resetSlider();
    }
    this.#isDirty = true;
  }

  /** Mark the values as old until new ones arrive, because the link is lost. */
  markStale() {
    const now = performance.now();
    this.#history.add(now, null);
    this.#measured.forEach(({ history }) => history.add(now, null));
    this.#isLive = false;
    this.#lostAt ??= now;
    this.#isDirty = true;
  }

  /** Discard the value, because the room does not have the joint any more. */
  clearValue() {
    this.roomValue = undefined;
    this.#isLive = false;
    this.#lostAt = null;
    this.#seen = null;
    this.slider.setValue(null);
    this.#resetSlider();
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
    const wasEmpty = this.#limits.isEmpty;
    this.#reports = reports;
    this.#recordMeasured(now);
    this.#limits = combinedLimits(reports.map(({ joint }) => joint ?? {}));
    const { value, isHeld } = this.slider;
    if (value === null || (!isHeld && !isWithin(value, this.#limits))) {
      this.#resetSlider();
    }
    this.#updateRange();
    if (this.#limits.isEmpty !== wasEmpty) {
      this.setDriving(this.#isDriving);
    }
  }

  /** @param {string} choice of the slider's range, see ranges.js */
  setChoice(choice) {
    this.#choice = choice;
    this.#setRange(rangeOf(this.#limits, choice, this.#name, this.#seen, this.slider.value));
  }

  /**
   * Enable or disable the slider. While it is enabled, an automatic range does not shrink.
   * @param {boolean} isDriving
   */
  setDriving(isDriving) {
    if (isDriving && !this.#isDriving) {
      this.#resetSlider();
    }
    this.#isDriving = isDriving;
    this.slider.setDriving(isDriving && !this.#limits.isEmpty);
    this.#isDirty = true;
  }

  /**
   * Show the current state.
   * @param {number} now
   * @param {import('./plot.js').PlotColours} colours
   * @param {(id: string) => string} nameOf returns the displayed name of a participant
   */
  draw(now, colours, nameOf) {
    if (!this.#isVisible) {
      return;
    }
    const { decimals } = this.#range;
    const lines = this.#reports.map(({ robot }) => ({
      history: this.#measured.get(robot.id)?.history ?? new History(),
      numbers: this.#numbers(robot),
    }));
    const extent = drawPlot(this.canvas, this.#history, lines, now, colours, decimals);
    if (this.#isDirty) {
      this.#isDirty = false;
      setText(this.number, this.roomValue === undefined ? '–' : this.#shown(this.roomValue));
      setText(this.unit, unitText(this.#limits.unit));
      this.element.classList.toggle('old', this.#lostAt !== null);
      this.canvas.setAttribute('aria-label', this.#plotText(extent));
      this.slider.draw();
      this.slider.mark(this.#marks());
      this.readings.show(this.#reports, decimals);
      this.readings.warn(this.#limits, this.#isDriving, nameOf);
    }
    setText(this.age, this.#ageText(now));
  }

  /** @param {boolean} isVisible whether the element is in view */
  setVisible(isVisible) {
    this.#isVisible = isVisible;
  }

  /** @param {number} now */
  #recordMeasured(now) {
    const ids = new Set(this.#reports.map(({ robot }) => robot.id));
    const gone = [...this.#measured.keys()].filter((id) => !ids.has(id));
    gone.forEach((id) => this.#measured.delete(id));
    for (const { robot, joint } of this.#reports) {
      /** @type {{history: History, at: ?number}} */
      const kept = this.#measured.get(robot.id) ?? { history: new History(), at: -Infinity };
      this.#measured.set(robot.id, kept);
      if (robot.isOld && kept.at !== null) {
        kept.history.add(now, null);
        kept.at = null;
      } else if (!robot.isOld && robot.reportedAt !== kept.at) {
        kept.history.add(robot.reportedAt, joint?.measured ?? null);
        kept.at = robot.reportedAt;
      }
    }
  }

  /**
   * Set the slider to where motion begins: the value in the room if robots can reach it, else the
   * measured value.
   */
  #resetSlider() {
    if (this.roomValue !== undefined && isWithin(this.roomValue, this.#limits)) {
      this.slider.setValue(this.roomValue);
    } else {
      // One step from a value outside the limits would move the robots to the end of their range.
      const measured = this.#reports.map(({ joint }) => joint?.measured).filter(isNumber);
      this.slider.setValue(measured.length === 1 ? measured[0] : null);
    }
    this.#updateRange();
  }

  #updateRange() {
    const { value } = this.slider;
    const range = rangeOf(this.#limits, this.#choice, this.#name, this.#seen, value);
    const isFrozen = this.#isDriving && !range.isLimit && !this.#range.isLimit;
    this.#setRange(isFrozen ? extended(this.#range, value) : range);
  }

  /** @param {import('./ranges.js').Range} range */
  #setRange(range) {
    this.#range = range;
    const isStrict = this.hasLimits || this.#choice !== 'automatic';
    this.slider.setRange(range, unitText(this.#limits.unit), isStrict);
    this.#isDirty = true;
  }

  #marks() {
    return this.#reports.flatMap(({ robot, joint }) => {
      const value = joint?.measured;
      return isNumber(value)
        ? [{ value, numbers: this.#numbers(robot), isOld: robot.isOld }]
        : [];
    });
  }

  /**
   * Return the number for the mark of a robot; empty if the joint has one robot only.
   * @param {import('./robots.js').Robot} robot
   */
  #numbers(robot) {
    return this.#reports.length > 1 ? [robot.number] : [];
  }

  /** @param {number} value */
  #shown(value) {
    return numberText(value, this.#range.decimals);
  }

  /** @param {number} now */
  #ageText(now) {
    if (this.roomValue === undefined) {
      return 'no value';
    }
    if (this.#lostAt !== null) {
      return `${durationText(now - this.#lostAt)} old`;
    }
    return this.#isLive ? '' : 'stored';
  }

  /** @param {?import('./ranges.js').Extent} extent */
  #plotText(extent) {
    const between = extent === null
      ? 'no values'
      : `between ${this.#shown(extent.low)} and ${this.#shown(extent.high)}`;
    return `${this.#name} over the last 30 seconds: ${between}`;
  }
}

/** @param {number} value @param {import('./ranges.js').Limits} limits */
function isWithin(value, { low, high }) {
  return (low === null || value >= low) && (high === null || value <= high);
}
