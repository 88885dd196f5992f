/** @file One joint on the page: its value, its plot, and what moves it. */

import { fromTemplate, part, setText } from './dom.js';
import { History } from './history.js';
import { drawPlot } from './plot.js';
import { including, rangeOf } from './ranges.js';

/** How far from its thumb a slider may be taken, in CSS pixels. */
const GRASP_PX = 26;
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

/** The value that the room has, and the one that this page asks for, are the same to its slider. */
export class Joint {
  /**
   * What the room has, as far as is known.
   * @type {number | undefined}
   */
  heard;
  #name;
  #onMove;
  #history = new History();
  #seen = null;
  #value = null;
  #isLive = false;
  #isHeld = false;
  #isRefused = false;
  #isDriving = false;
  #isDirty = true;
  #isVisible = true;
  #unit = 'seen';
  #range = rangeOf('seen', '', null, null);

  /**
   * @param {string} name
   * @param {(name: string, value: number) => void} onMove the user moved it
   */
  constructor(name, onMove) {
    this.#name = name;
    this.#onMove = onMove;
    this.element = fromTemplate('joint-template');
    this.number = part(this.element, 'number');
    this.age = part(this.element, 'age');
    this.canvas = /** @type {HTMLCanvasElement} */ (part(this.element, 'joint-plot'));
    this.slider = /** @type {HTMLInputElement} */ (part(this.element, 'slider'));
    this.typed = /** @type {HTMLInputElement} */ (part(this.element, 'typed'));
    this.nudges = [part(this.element, 'less'), part(this.element, 'more')];
    setText(part(this.element, 'joint-title'), name);
    this.slider.setAttribute('aria-label', name);
    this.typed.setAttribute('aria-label', `${name}, as a number`);
    this.nudges[0].setAttribute('aria-label', `${name}: one step less`);
    this.nudges[1].setAttribute('aria-label', `${name}: one step more`);
    this.#listen();
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
    this.#history.add(at, value);
    this.#seen = this.#seen === null ? { low: value, high: value } : including(this.#seen, value);
    this.heard = value;
    if (!isOurs && !this.#isHeld) {
      this.#aim(value);
    }
    this.#isDirty = true;
  }

  /** Nothing is known of it until it is heard again. */
  loseSight() {
    this.#history.add(performance.now(), null);
    this.#isLive = false;
    this.#isDirty = true;
  }

  /**
   * @param {string} unit that the user says its values have, see ranges.js
   */
  setUnit(unit) {
    this.#unit = unit;
    this.#range = rangeOf(unit, this.#name, this.#seen, this.#value);
    this.#isDirty = true;
    this.#placeThumb();
  }

  /**
   * Let the user move it, or not. Its range stays where it is while they do.
   * @param {boolean} isDriving
   */
  setDriving(isDriving) {
    if (isDriving && !this.#isDriving && this.heard !== undefined) {
      this.#aim(this.heard);
    }
    this.#isDriving = isDriving;
    this.#isHeld = false;
    this.typed.disabled = !isDriving;
    this.#isDirty = true;
    this.#placeThumb();
    this.#enable();
  }

  /**
   * Show it as it is now.
   * @param {number} now
   * @param {import('./plot.js').Inks} inks
   */
  draw(now, inks) {
    if (!this.#isVisible) {
      return;
    }
    const extent = drawPlot(this.canvas, this.#history, now, inks, this.#range.decimals);
    if (this.#isDirty) {
      this.#isDirty = false;
      setText(this.number, this.heard === undefined ? '–' : this.#shown(this.heard));
      setText(this.age, this.#ageText());
      this.canvas.setAttribute('aria-label', this.#plotText(extent));
      this.#placeThumb();
      this.#showTarget();
    }
  }

  /** @param {boolean} isVisible whether anybody could see it */
  setVisible(isVisible) {
    this.#isVisible = isVisible;
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
    // A number that was not confirmed with Enter was not meant.
    this.typed.addEventListener('blur', () => this.#showTarget());
    this.nudges[0].addEventListener('click', () => this.#step(-1));
    this.nudges[1].addEventListener('click', () => this.#step(1));
  }

  /** A tap beside the thumb would make the robot jump: the thumb is taken where it is. */
  #onGrasp(event) {
    const box = this.slider.getBoundingClientRect();
    const { low, high } = this.#range;
    const share = (this.#value - low) / (high - low);
    const thumb = box.left + THUMB_PX / 2 + share * (box.width - THUMB_PX);
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
    const value = Number(this.typed.value.trim().replace(',', '.') || NaN);
    const isGood = Number.isFinite(value) && this.#takes(value);
    this.typed.setAttribute('aria-invalid', String(!isGood));
    if (isGood) {
      this.#move(value);
      this.#showTarget(true);
    }
  }

  /** Where the user has said what a slider spans, a number beyond it is a slip. */
  #takes(value) {
    const { low, high } = this.#range;
    return this.#unit === 'seen' || (low <= value && value <= high);
  }

  #step(count) {
    if (this.#value !== null) {
      const { low, high, step } = this.#range;
      this.#move(this.#rounded(Math.min(high, Math.max(low, this.#value + count * step))));
    }
  }

  /** Nobody has aimed at the last digits of where a thumb is. */
  #rounded(value) {
    return Number(value.toFixed(this.#range.decimals + 1));
  }

  #move(value) {
    if (!this.#isDriving) {
      return;
    }
    this.#aim(value);
    this.#placeThumb();
    this.#onMove(this.#name, value);
  }

  /** Have the slider there, from the next frame on. */
  #aim(value) {
    const wasUnknown = this.#value === null;
    this.#value = value;
    this.#range = this.#isDriving
      ? including(this.#range, value)
      : rangeOf(this.#unit, this.#name, this.#seen, value);
    this.#isDirty = true;
    if (wasUnknown) {
      this.#enable();
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
    const text = this.#value === null ? 'unknown' : this.#shown(value);
    this.slider.setAttribute('aria-valuetext', text);
    this.slider.style.setProperty('--share', String((value - low) / (high - low)));
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
    }
  }

  #shown(value) {
    return value.toFixed(this.#range.decimals);
  }

  #ageText() {
    if (this.heard === undefined) {
      return 'unknown';
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
