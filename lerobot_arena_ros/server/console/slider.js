/** @file What moves one joint: a slider, its buttons and keys, and a field for a number. */

import { part, setText } from './dom.js';
import { groupMarks, labelOf } from './marks.js';
import { numberMistake, numberText, readNumber } from './numbers.js';

/** How far from its thumb a slider may be taken, in CSS pixels. */
const GRASP_PX = 26;
const THUMB_PX = 22;
const BIG_STEPS = 10;
/** The triangle of a mark, and a character of its label. */
const MARK_PX = 16;
const CHARACTER_PX = 7;

const STEPS = new Map([
  ['ArrowLeft', -1],
  ['ArrowDown', -1],
  ['ArrowRight', 1],
  ['ArrowUp', 1],
  ['PageDown', -BIG_STEPS],
  ['PageUp', BIG_STEPS],
]);

/** Where the user wants one joint. Shows what it is told once `draw` is called. */
export class Slider {
  #onMove;
  #range = { low: -1, high: 1, step: 0.01, decimals: 3 };
  /** @type {?number} */
  #value = null;
  #unit = '';
  #isStrict = false;
  #isDriving = false;
  #isHeld = false;
  #isRefused = false;

  /**
   * @param {HTMLElement} element of the joint
   * @param {string} name of the joint
   * @param {(value: number) => void} onMove the user moved it
   */
  constructor(element, name, onMove) {
    this.#onMove = onMove;
    this.slider = /** @type {HTMLInputElement} */ (part(element, 'slider'));
    this.typed = /** @type {HTMLInputElement} */ (part(element, 'typed'));
    this.nudges = [part(element, 'less'), part(element, 'more')];
    this.ends = [part(element, 'low'), part(element, 'high')];
    this.markers = part(element, 'markers');
    this.note = part(element, 'joint-note');
    this.slider.setAttribute('aria-label', name);
    this.typed.setAttribute('aria-label', `${name}, as a number`);
    this.nudges[0].setAttribute('aria-label', `${name}: one step less`);
    this.nudges[1].setAttribute('aria-label', `${name}: one step more`);
    this.#listen();
  }

  /** Where the user wants the joint; null: not known yet. */
  get value() {
    return this.#value;
  }

  /** Whether a pointer holds the thumb. */
  get isHeld() {
    return this.#isHeld;
  }

  /** @param {?number} value that the slider is to show */
  aim(value) {
    this.#value = value;
    this.#enable();
  }

  /**
   * @param {import('./ranges.js').Range} range
   * @param {string} unit as it is shown; may be empty
   * @param {boolean} isStrict whether a typed number beyond the range is a mistake
   */
  setRange(range, unit, isStrict) {
    this.#range = range;
    this.#unit = unit;
    this.#isStrict = isStrict;
  }

  /**
   * Let the user move the joint, or not.
   * @param {boolean} isDriving
   */
  setDriving(isDriving) {
    this.#isDriving = isDriving;
    this.#isHeld = false;
    this.typed.disabled = !isDriving;
    this.#enable();
  }

  /** Show the range, the value and the number as they are now. */
  draw() {
    this.#placeThumb();
    this.#showTarget();
  }

  /**
   * Mark on the track where robots measure the joint.
   * @param {{value: number, numbers: number[], isOld: boolean}[]} marks
   */
  mark(marks) {
    const width = Math.max(1, this.slider.clientWidth - THUMB_PX);
    const placed = marks.map((mark) => ({ ...mark, at: this.#share(mark.value) * width }));
    const groups = groupMarks(placed, (label) => MARK_PX + label.length * CHARACTER_PX);
    const spots = this.#spots(placed.length + groups.length);
    placed.forEach(({ at, isOld }, index) => {
      place(spots[index], 'marker', at / width, isOld);
      setText(spots[index], '');
    });
    groups.forEach((group, index) => {
      const label = labelOf(group);
      const isLeft = group.to > width - label.length * CHARACTER_PX;
      const spot = spots[placed.length + index];
      const kind = isLeft ? 'marker-label left' : 'marker-label';
      place(spot, kind, (isLeft ? group.from : group.to) / width, group.isOld);
      setText(spot, label);
    });
  }

  #spots(count) {
    const spots = [...this.markers.children];
    while (spots.length < count) {
      spots.push(this.markers.appendChild(document.createElement('span')));
    }
    spots.slice(count).forEach((spot) => spot.remove());
    return spots;
  }

  #listen() {
    this.slider.addEventListener('input', () => this.#onInput());
    this.slider.addEventListener('keydown', (event) => this.#onKey(event));
    for (const kind of ['mousedown', 'touchstart']) {
      this.slider.addEventListener(kind, (event) => this.#onGrasp(event));
    }
    this.typed.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        this.#onTyped();
      }
    });
    // A number that was not confirmed with Enter is discarded.
    this.typed.addEventListener('blur', () => this.#showTarget());
    this.nudges[0].addEventListener('click', () => this.#step(-1));
    this.nudges[1].addEventListener('click', () => this.#step(1));
  }

  /** A tap beside the thumb must not make the robot jump: the thumb is taken where it is. */
  #onGrasp(event) {
    const box = this.slider.getBoundingClientRect();
    const thumb = box.left + THUMB_PX / 2 + this.#share(this.#value) * (box.width - THUMB_PX);
    const { clientX } = event.touches?.[0] ?? event;
    this.#isRefused = Math.abs(clientX - thumb) > GRASP_PX;
    this.#isHeld = this.#isDriving && !this.#isRefused;
    // A finger may be about to scroll the page, which must not be prevented.
    if (this.#isRefused && event.type === 'mousedown') {
      event.preventDefault();
      this.slider.focus();
    }
    const letGo = () => {
      this.#isHeld = false;
    };
    // Anywhere: the finger may have left the slider.
    for (const kind of ['pointerup', 'pointercancel']) {
      window.addEventListener(kind, letGo, { once: true });
    }
  }

  #onInput() {
    if (this.#isRefused) {
      this.#placeThumb();
    } else {
      this.#move(this.#rounded(Number(this.slider.value)));
    }
  }

  #onKey(event) {
    const steps = STEPS.get(event.key);
    if (steps !== undefined) {
      this.#step(event.shiftKey && Math.abs(steps) === 1 ? steps * BIG_STEPS : steps);
    }
    // Home and End would send the joint from one end to the other.
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
      this.#showTarget(true);
    } else {
      // On a phone it may be behind the stop button.
      this.note.scrollIntoView({ block: 'nearest' });
    }
  }

  #mistake(value, text) {
    const { low, high } = this.#range;
    if (!Number.isFinite(value)) {
      return numberMistake(text);
    }
    if (this.#isStrict && !(low <= value && value <= high)) {
      const unit = this.#unit === '' ? '' : ` ${this.#unit}`;
      return `${text} was not sent: the range is ${this.#shown(low)} to ${this.#shown(high)}${unit}.`;
    }
    return '';
  }

  #step(count) {
    if (this.#value !== null) {
      const { low, high, step } = this.#range;
      this.#move(this.#rounded(Math.min(high, Math.max(low, this.#value + count * step))));
    }
  }

  /** The position of a thumb is not exact to its last digits. */
  #rounded(value) {
    return Number(value.toFixed(this.#range.decimals + 1));
  }

  #move(value) {
    if (this.#isDriving) {
      this.aim(value);
      this.#onMove(value);
      this.#placeThumb();
    }
  }

  #placeThumb() {
    const { low, high } = this.#range;
    this.slider.min = String(low);
    this.slider.max = String(high);
    const value = this.#value ?? (low + high) / 2;
    // While it is dragged, the browser has it exactly under the finger.
    if (!this.#isHeld) {
      this.slider.value = String(value);
    }
    const unit = this.#unit === '' ? '' : ` ${this.#unit}`;
    const text = this.#value === null ? 'unknown' : `${this.#shown(value)}${unit}`;
    this.slider.setAttribute('aria-valuetext', text);
    this.slider.style.setProperty('--share', String(this.#share(value)));
    setText(this.ends[0], this.#shown(low));
    setText(this.ends[1], this.#shown(high));
  }

  /** How far along the track a value is, from 0 to 1. */
  #share(value) {
    const { low, high } = this.#range;
    return Math.min(1, Math.max(0, (value - low) / (high - low)));
  }

  #enable() {
    const isOff = !this.#isDriving || this.#value === null;
    for (const each of [this.slider, ...this.nudges]) {
      each.disabled = isOff;
    }
  }

  /** Show the number that is asked for, but not over one that is being typed. */
  #showTarget(isForced = false) {
    if (isForced || document.activeElement !== this.typed) {
      this.typed.value = this.#value === null ? '' : this.#shown(this.#value);
      this.typed.removeAttribute('aria-invalid');
      setText(this.note, '');
    }
  }

  #shown(value) {
    return numberText(value, this.#range.decimals);
  }
}

/** Put a mark, or its label, on the track; a spot that was a label may become a mark. */
function place(spot, kind, share, isOld) {
  spot.className = isOld ? `${kind} old` : kind;
  spot.style.setProperty('--at', String(share));
}
