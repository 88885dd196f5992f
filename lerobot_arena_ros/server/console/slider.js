// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The controls of one joint: a slider, its buttons and keys, and a field for a number. */

import { part, setText } from './dom.js';
import { Markers } from './markers.js';
import { numberMistake, numberText, readNumber } from './numbers.js';

/** The largest distance between a pointer and the middle of the thumb, to start a drag. */
const GRAB_PX = 26;
const THUMB_PX = 22;
const BIG_STEPS = 10;

const STEPS = new Map([
  ['ArrowLeft', -1],
  ['ArrowDown', -1],
  ['ArrowRight', 1],
  ['ArrowUp', 1],
  ['PageDown', -BIG_STEPS],
  ['PageUp', BIG_STEPS],
]);

/**
 * A value that a robot has measured.
 * @typedef {object} MeasuredValue
 * @property {number} value
 * @property {number[]} numbers of the robot, for the label; empty if there is only one robot
 * @property {boolean} isOld whether the robot has stopped reporting
 */

/** Holds the value that the user wants for one joint. Changes are shown at the next `draw`. */
export class Slider {
  #onMove;
  /** @type {import('./ranges.js').Range} */
  #range = { low: -1, high: 1, step: 0.01, decimals: 3 };
  /** @type {?number} */
  #value = null;
  #unit = '';
  #isStrict = false;
  #isDriving = false;
  #isHeld = false;
  #isDragRefused = false;

  /**
   * @param {HTMLElement} element of the joint
   * @param {string} name of the joint
   * @param {(value: number) => void} onMove called when the user moves the joint
   */
  constructor(element, name, onMove) {
    this.#onMove = onMove;
    this.slider = /** @type {HTMLInputElement} */ (part(element, 'slider'));
    this.typed = /** @type {HTMLInputElement} */ (part(element, 'typed'));
    const [less, more] = [part(element, 'less'), part(element, 'more')];
    this.stepButtons = /** @type {HTMLButtonElement[]} */ ([less, more]);
    this.ends = [part(element, 'low'), part(element, 'high')];
    this.markers = new Markers(part(element, 'markers'));
    this.note = part(element, 'joint-note');
    this.slider.setAttribute('aria-label', name);
    this.typed.setAttribute('aria-label', `${name}, as a number`);
    less.setAttribute('aria-label', `${name}: one step down`);
    more.setAttribute('aria-label', `${name}: one step up`);
    this.#listen();
  }

  /** The value that the user wants for the joint; null: not known yet. */
  get value() {
    return this.#value;
  }

  /** Whether a pointer drags the thumb. */
  get isHeld() {
    return this.#isHeld;
  }

  /** @param {?number} value to show; null: not known */
  setValue(value) {
    this.#value = value;
    this.#enableControls();
  }

  /**
   * @param {import('./ranges.js').Range} range
   * @param {string} unit as it is displayed; may be empty
   * @param {boolean} isStrict whether a typed number outside the range is refused
   */
  setRange(range, unit, isStrict) {
    this.#range = range;
    this.#unit = unit;
    this.#isStrict = isStrict;
  }

  /**
   * Enable or disable the controls.
   * @param {boolean} isDriving
   */
  setDriving(isDriving) {
    this.#isDriving = isDriving;
    this.#isHeld = false;
    this.typed.disabled = !isDriving;
    this.#enableControls();
  }

  /** Show the current range and value. */
  draw() {
    this.#placeThumb();
    this.#showNumber();
  }

  /**
   * Mark the measured values on the track.
   * @param {MeasuredValue[]} measured
   */
  mark(measured) {
    const width = Math.max(1, this.slider.clientWidth - THUMB_PX);
    const marks = measured.map((each) => ({ ...each, at: this.#share(each.value) * width }));
    this.markers.show(marks, width);
  }

  #listen() {
    this.slider.addEventListener('input', () => this.#onInput());
    this.slider.addEventListener('keydown', (event) => this.#onKey(event));
    this.slider.addEventListener('mousedown', (event) => this.#onPress(event, event.clientX));
    this.slider.addEventListener('touchstart', (event) => {
      this.#onPress(event, event.touches[0].clientX);
    });
    this.typed.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        this.#onTyped();
      }
    });
    // A number that was not confirmed with Enter is discarded.
    this.typed.addEventListener('blur', () => this.#showNumber());
    this.stepButtons[0].addEventListener('click', () => this.#step(-1));
    this.stepButtons[1].addEventListener('click', () => this.#step(1));
  }

  /**
   * Start a drag only at the thumb, because a tap beside it would make the robot jump.
   * @param {Event} event
   * @param {number} clientX
   */
  #onPress(event, clientX) {
    const box = this.slider.getBoundingClientRect();
    const thumb = box.left + THUMB_PX / 2 + this.#share(this.#value ?? 0) * (box.width - THUMB_PX);
    this.#isDragRefused = Math.abs(clientX - thumb) > GRAB_PX;
    this.#isHeld = this.#isDriving && !this.#isDragRefused;
    // A touch is not prevented, because it may start to scroll the page.
    if (this.#isDragRefused && event.type === 'mousedown') {
      event.preventDefault();
      this.slider.focus();
    }
    const release = () => {
      this.#isHeld = false;
    };
    // The window receives the event even if the pointer has left the slider.
    for (const kind of ['pointerup', 'pointercancel']) {
      window.addEventListener(kind, release, { once: true });
    }
  }

  #onInput() {
    if (this.#isDragRefused) {
      this.#placeThumb();
    } else {
      this.#move(this.#rounded(Number(this.slider.value)));
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const steps = STEPS.get(event.key);
    if (steps !== undefined) {
      this.#step(event.shiftKey && Math.abs(steps) === 1 ? steps * BIG_STEPS : steps);
    }
    // By default, Home and End would move the joint to the end of its range.
    if (steps !== undefined || event.key === 'Home' || event.key === 'End') {
      event.preventDefault();
    }
  }

  #onTyped() {
    const text = this.typed.value.trim();
    const value = readNumber(text);
    const mistake = this.#mistake(value, text);
    this.typed.setAttribute('aria-invalid', String(mistake !== ''));
    setText(this.note, mistake);
    if (mistake === '') {
      this.#move(value);
      this.#showNumber(true);
    } else {
      // On a phone the note may be behind the stop button.
      this.note.scrollIntoView({ block: 'nearest' });
    }
  }

  /**
   * Return why a typed number is not sent; empty if it is.
   * @param {number} value
   * @param {string} text
   */
  #mistake(value, text) {
    const { low, high } = this.#range;
    if (!Number.isFinite(value)) {
      return numberMistake(text);
    }
    if (this.#isStrict && !(low <= value && value <= high)) {
      const unit = this.#unit === '' ? '' : ` ${this.#unit}`;
      const range = `${this.#shown(low)} to ${this.#shown(high)}${unit}`;
      return `${text} was not sent: the range is ${range}.`;
    }
    return '';
  }

  /** @param {number} count */
  #step(count) {
    if (this.#value !== null) {
      const { low, high, step } = this.#range;
      this.#move(this.#rounded(Math.min(high, Math.max(low, this.#value + count * step))));
    }
  }

  /**
   * Round the value of the slider, whose last digits are arbitrary.
   * @param {number} value
   */
  #rounded(value) {
    return Number(value.toFixed(this.#range.decimals + 1));
  }

  /** @param {number} value */
  #move(value) {
    if (this.#isDriving) {
      this.setValue(value);
      this.#onMove(value);
      this.#placeThumb();
    }
  }

  #placeThumb() {
    const { low, high } = this.#range;
    this.slider.min = String(low);
    this.slider.max = String(high);
    const value = this.#value ?? (low + high) / 2;
    // During a drag, the browser itself keeps the thumb under the pointer.
    if (!this.#isHeld) {
      this.slider.value = String(value);
    }
    const unit = this.#unit === '' ? '' : ` ${this.#unit}`;
    const text = this.#value === null ? 'no value' : `${this.#shown(value)}${unit}`;
    this.slider.setAttribute('aria-valuetext', text);
    this.slider.style.setProperty('--share', String(this.#share(value)));
    setText(this.ends[0], this.#shown(low));
    setText(this.ends[1], this.#shown(high));
  }

  /**
   * Return the position of a value on the track, from 0 to 1.
   * @param {number} value
   */
  #share(value) {
    const { low, high } = this.#range;
    return Math.min(1, Math.max(0, (value - low) / (high - low)));
  }

  #enableControls() {
    const isOff = !this.#isDriving || this.#value === null;
    for (const each of [this.slider, ...this.stepButtons]) {
      each.disabled = isOff;
    }
  }

  /**
   * Show the value in the number field, but do not replace a number that is being typed.
   * @param {boolean} [isForced]
   */
  #showNumber(isForced = false) {
    if (isForced || document.activeElement !== this.typed) {
      this.typed.value = this.#value === null ? '' : this.#shown(this.#value);
      this.typed.removeAttribute('aria-invalid');
      setText(this.note, '');
    }
  }

  /** @param {number} value */
  #shown(value) {
    return numberText(value, this.#range.decimals);
  }
}
