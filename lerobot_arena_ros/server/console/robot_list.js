// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Shows each robot of the room: its state, the reason, and the button that resets a stop. */

import { durationText, fromTemplate, part, setText } from './dom.js';
import { gateText, linkText } from './robots.js';

/** The second press of a reset must follow within this time. */
const CONFIRM_MS = 3000;
/** A second press within this time is part of a double click and does not count. */
const DOUBLE_CLICK_MS = 400;

/**
 * What a banner shows besides the state of its robot.
 * @typedef {object} BannerContext
 * @property {(id: string) => string} nameOf returns the displayed name of a participant
 * @property {boolean} isJoined
 * @property {boolean} canRequestReset whether this page can request a reset now
 * @property {number} now
 */

/** The list of robots, with one banner for each. */
export class RobotList {
  #list;
  #none;
  #onReset;
  /** @type {Map<string, Banner>} */
  #banners = new Map();

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} none shown if no robot reports its state
   * @param {(robotId: string, stopId: string) => void} onReset called when the user resets this
   *     stop of a robot
   */
  constructor(list, none, onReset) {
    this.#list = list;
    this.#none = none;
    this.#onReset = onReset;
  }

  /**
   * @param {import('./robots.js').Robot[]} robots
   * @param {BannerContext} context
   */
  show(robots, context) {
    const ids = new Set(robots.map(({ id }) => id));
    for (const [id, banner] of this.#banners) {
      if (!ids.has(id)) {
        banner.element.remove();
        this.#banners.delete(id);
      }
    }
    robots.forEach((robot, index) => {
      const { element } = this.#banner(robot.id).show(robot, robots.length > 1, context);
      // An element that is already in its place is not moved, because it would lose the focus.
      if (this.#list.children[index] !== element) {
        this.#list.insertBefore(element, this.#list.children[index] ?? null);
      }
    });
    this.#none.hidden = robots.length > 0;
  }

  /** @param {string} id */
  #banner(id) {
    let banner = this.#banners.get(id);
    if (banner === undefined) {
      banner = new Banner((stopId) => this.#onReset(id, stopId));
      this.#banners.set(id, banner);
    }
    return banner;
  }
}

/** The banner of one robot. */
class Banner {
  #onReset;
  #armedAt = -Infinity;
  #stopId = '';

  /** @param {(stopId: string) => void} onReset */
  constructor(onReset) {
    this.#onReset = onReset;
    this.element = fromTemplate('robot-template');
    this.button = /** @type {HTMLButtonElement} */ (part(this.element, 'robot-reset'));
    this.button.addEventListener('click', (event) => this.#onPress(event.timeStamp));
  }

  /**
   * @param {import('./robots.js').Robot} robot
   * @param {boolean} isNumbered
   * @param {BannerContext} context
   */
  show(robot, isNumbered, { nameOf, isJoined, canRequestReset, now }) {
    const { element } = this;
    const gate = gateText(robot, nameOf);
    element.dataset.gate = robot.gate;
    element.classList.toggle('old', robot.isOld);
    part(element, 'badge').hidden = !isNumbered;
    setText(part(element, 'badge'), String(robot.number));
    setText(part(element, 'robot-name'), robot.id);
    setText(part(element, 'robot-detail'), detailOf(robot));
    setText(part(element, 'robot-link'), robot.isOld ? '' : linkText(robot));
    const unknown = `Unknown: ${isJoined ? 'the robot sends no reports' : 'the link is lost'}`;
    setText(part(element, 'robot-gate'), robot.isOld ? unknown : gate);
    const age = durationText(now - robot.reportedAt);
    const last = robot.isOld ? `Last report ${age} ago: ${gate}` : '';
    setText(part(element, 'robot-last'), last);
    const refusal = robot.resetRefusal;
    setText(part(element, 'robot-refusal'), refusal && `The reset was refused: ${refusal}`);
    this.#showButton(robot, canRequestReset, now);
    return this;
  }

  /**
   * @param {import('./robots.js').Robot} robot
   * @param {boolean} canRequestReset
   * @param {number} now
   */
  #showButton({ id, gate, stop, canReset, noResetReason }, canRequestReset, now) {
    this.button.hidden = !(canRequestReset && canReset && gate === 'stopped');
    this.button.disabled = noResetReason !== '';
    const why = this.button.hidden ? '' : noResetReason;
    setText(part(this.element, 'robot-off'), why && `You cannot reset this stop: ${why}.`);
    // A first press counts only for the stop that was shown then, not for a later one.
    if (now - this.#armedAt > CONFIRM_MS || this.#stopId !== (stop?.id ?? '')) {
      this.#armedAt = -Infinity;
      this.#stopId = stop?.id ?? '';
    }
    const isArmed = this.#armedAt > -Infinity;
    this.button.classList.toggle('armed', isArmed);
    setText(this.button, isArmed ? 'Press again to reset' : 'Reset the stop');
    this.button.setAttribute('aria-label', `${this.button.textContent}: ${id}`);
  }

  /**
   * A reset needs two presses, because the robot may follow the room again after it.
   * @param {number} now
   */
  #onPress(now) {
    const sinceMs = now - this.#armedAt;
    if (sinceMs > CONFIRM_MS) {
      this.#armedAt = now;
      setText(this.button, 'Press again to reset');
    } else if (sinceMs >= DOUBLE_CLICK_MS) {
      this.#armedAt = -Infinity;
      this.#onReset(this.#stopId);
    }
  }
}

/** @param {import('./robots.js').Robot} robot */
function detailOf({ node, host }) {
  return [node, host === '' ? '' : `on ${host}`].filter((each) => each !== '').join(' ');
}
